#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Figures of dyno-vm beside QEMU and lkvm with one Linux guest: measure.py BIN FOLDER FIGURE...

FOLDER has vmlinux, bzImage, vmlinuz-cloud (Debian's), initrd.gz and initrd-io.gz. DYNO_LKVM names lkvm, which is
left out otherwise.

FIGURE is boot, io, net or can. DYNO_PERF_VMM names the VMMs of io and net (dyno q35 lkvm q35-vhost lkvm-vhost),
DYNO_PERF_NET the part of net (user or tap); all without. Prints one JSON object. Needs root, a KVM and debugfs;
started by `run` on the test host, whose instruction clock makes the times repeat.
"""
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

BIN, KERNEL = sys.argv[1:3]
INITRD = KERNEL + "/initrd.gz"
TMP = tempfile.mkdtemp()
WORDS = "console=ttyS0 quiet panic=-1 " + os.environ.get("DYNO_QUIRKS", "")
LKVM = os.environ.get("DYNO_LKVM")
ONLY = os.environ.get("DYNO_PERF_VMM", "").split()
NET = os.environ.get("DYNO_PERF_NET", "all")
# The kernel moves a tap's frames, and no code of a VMM: what can be had, not a peer.
BY_KERNEL = "-vhost"
TRACE = "/sys/kernel/tracing"
RAM_KIB = 256 * 1024


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read()


def dyno(image, words, *more):
    return [BIN + "/dyno", "vm", "-k", KERNEL + "/" + image, "-i", INITRD, "-m", "256M", "-o", TMP + "/out",
            "-a", WORDS + " " + words, *more]


def qemu(machine, image, words, *more):
    # cpu: all that KVM has, as dyno-vm gives it; nothing that was not asked for.
    return ["qemu-system-x86_64", "-M", machine, "-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults",
            "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
            "-kernel", KERNEL + "/" + image, "-initrd", INITRD, "-append", WORDS + " " + words, *more]


def lkvm(image, words, *more):
    return [LKVM, "run", "--name", "peer", "-k", KERNEL + "/" + image, "-i", INITRD, "-m", "256", "-c", "1",
            "--console", "serial", "-p", WORDS + " " + words, *more]


def beyond_ram(pid):
    """KiB of a process (proportional) without the mapping that is the guest's RAM."""
    total, size, block = 0, 0, 0
    for line in read(f"/proc/{pid}/smaps").splitlines():
        if line.startswith("Size:"):
            block = int(line.split()[1])
        elif line.startswith("Pss:"):
            size = int(line.split()[1])
            # Split by the PCI hole, protections or advice it may be in pieces.
            total += 0 if block >= RAM_KIB // 8 else size
    return total


def vmm_pid(pid):
    """The process with the VM: QEMU itself, or the child dyno-vm."""
    for p in [pid] + [int(c) for c in read(f"/proc/{pid}/task/{pid}/children").split()]:
        if read(f"/proc/{p}/comm").strip() in ("dyno-vm", "qemu-system-x86", "lkvm"):
            return p
    return pid


def doing(what):
    """Progress, with the seconds since the host was started: minutes of an emulated one pass without a word."""
    print(f"{time.monotonic():.1f} s: {what}", file=sys.stderr, flush=True)


def known(name, value):
    """What is known so far survives a host that is stopped in the middle."""
    doing(f"{name}: {value}")
    return value


class Guest:
    def __init__(self, command):
        doing("starting " + os.path.basename(command[0]))
        self.begin = time.monotonic_ns()
        # Nobody types; lkvm asks an empty file for keys without end.
        self.p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        self.text = ""
        self.unread = b""

    def until(self, regex, limit_s=20):
        """Waits for a console line; seconds since the start."""
        end = time.monotonic() + limit_s
        while True:
            line, newline, rest = self.unread.partition(b"\n")
            if newline:
                now = time.monotonic_ns()
                self.unread = rest
                line = line.decode(errors="replace").replace("\r", "")
                self.text += line + "\n"
                # What a peer's firmware tables make the kernel say is not measured.
                if "FAULT" in line and "FAULT dmesg" not in line:
                    sys.exit("the guest says " + line)
                if re.search(regex, line):
                    doing("the guest says " + line)
                    return (now - self.begin) / 1e9
                continue
            ready, _, _ = select.select([self.p.stdout], [], [], max(0, end - time.monotonic()))
            more = os.read(self.p.stdout.fileno(), 65536) if ready else b""
            if not more:
                self.stop()
                sys.exit(f"the guest did not say {regex}:\n{self.text[-3000:]}")
            self.unread += more

    def figures(self):
        return {k: float(v) for k, v in re.findall(r"FIGURE (\S+) ([0-9.]+)", self.text)}

    def stop(self):
        self.p.terminate()
        self.p.stdout.read()
        self.p.wait()


def first_entry_ms(command):
    """From exec to the first entry into the guest, in a start of its own: events cost time."""
    write(TRACE + "/trace", "")
    write(TRACE + "/trace_clock", "mono")
    write(TRACE + "/events/kvm/kvm_entry/enable", "1")
    g = Guest(command)
    found = None
    for _ in range(500):
        found = re.search(r" (\d+\.\d+): kvm_entry", read(TRACE + "/trace"))
        if found:
            break
        time.sleep(0.01)
    write(TRACE + "/events/kvm/kvm_entry/enable", "0")
    g.stop()
    return round(float(found.group(1)) * 1e3 - g.begin / 1e6, 1) if found else None


def boot(command):
    first = first_entry_ms(command)
    g = Guest(command)
    took = g.until("^INIT")
    exits = int(read("/sys/kernel/debug/kvm/exits"))
    out = {"to_first_kvm_run_ms": first, "to_init_ms": round(took * 1e3, 1), "exits": exits}
    for name in ("io_exits", "mmio_exits", "halt_exits", "irq_exits"):
        out[name] = int(read("/sys/kernel/debug/kvm/" + name))
    out["beyond_ram_kib"] = beyond_ram(vmm_pid(g.p.pid))
    g.stop()
    return out


def figure_boot():
    microvm = "microvm,rtc=on,pit=off,pic=off"
    commands = {}
    # The most wanted first: a slow host may be stopped in the middle.
    for image in ("vmlinuz-cloud", "vmlinux", "bzImage"):
        commands["dyno, " + image] = dyno(image, "do=boot", "--net", "none")
        # lkvm knows no PVH.
        if LKVM and image != "vmlinux":
            commands["lkvm, " + image] = lkvm(image, "do=boot", "--network", "mode=none")
        commands["microvm, " + image] = qemu(microvm, image, "do=boot")
    commands["q35, bzImage"] = qemu("q35", "bzImage", "do=boot")
    return {name: known(name, boot(command)) for name, command in commands.items()}


def ratios(out):
    """What dyno-vm has of each figure, beside the better one of its peers; above 1 is better."""
    ratio = {}
    for name, ours in out.get("dyno", {}).items():
        theirs = [v[name] for k, v in out.items() if k != "dyno" and not k.endswith(BY_KERNEL) and v.get(name)]
        if isinstance(ours, dict) or not ours or not theirs:
            continue
        ratio[name] = round(min(theirs) / ours if name.endswith("_us") else ours / max(theirs), 2)
    return ratio


def figure_io():
    global INITRD
    INITRD = KERNEL + "/initrd-io.gz"
    disk = TMP + "/disk"
    with open(disk, "wb") as f:
        for _ in range(64):
            f.write(os.urandom(1 << 20))
    out = {}
    commands = {
        "dyno": dyno("vmlinux", "do=io", "--disk", disk, "--net", "none"),
        "q35": qemu("q35", "bzImage", "do=io",
                    "-object", "iothread,id=t", "-drive", f"file={disk},if=none,id=d,format=raw,aio=io_uring",
                    "-device", "virtio-blk-pci,drive=d,iothread=t"),
    }
    if LKVM:
        commands["lkvm"] = lkvm("bzImage", "do=io", "--disk", disk, "--network", "mode=none")
    for name, command in wanted_of(commands).items():
        g = Guest(command)
        g.until("^DONE")
        out[name] = known(name, g.figures())
        g.stop()
    out["ratio"] = ratios(out)
    return out


def wanted_of(commands):
    return {name: command for name, command in commands.items() if not ONLY or name in ONLY}


def exits():
    return {name: int(read("/sys/kernel/debug/kvm/" + name))
            for name in ("exits", "io_exits", "mmio_exits", "halt_exits", "irq_exits", "halt_wakeup")}


def ping_us(address, count):
    """Mean round trip of ping's own clock, without the first ones."""
    words = ["busybox", "ping", "-q", "-A", "-c"]
    subprocess.run([*words, "20", address], stdout=subprocess.DEVNULL, check=False)
    found = re.search(r"= [0-9.]+/([0-9.]+)/", run_text([*words, str(count), address]))
    return round(float(found.group(1)) * 1e3, 1) if found else None


def figure_net():
    """User network and a tap interface; tap streams and pings are the host's."""
    global INITRD
    INITRD = KERNEL + "/initrd-io.gz"
    out = {}
    for command in ("ip link set lo up", "ip tuntap add dyno0 mode tap", "ip addr add 10.9.0.1/24 dev dyno0",
                    "ip link set dyno0 up"):
        subprocess.run(command.split(), check=False)
    only_tap = "do=net part=tap "
    part = f"do=net part={NET} gateway=10.0.2.2 "

    def q35(words, more=""):
        return qemu("q35", "bzImage", words + "user=10.0.2.15",
                    "-netdev", "user,id=n", "-device", "virtio-net-pci,netdev=n,romfile=",
                    "-netdev", "tap,id=t,ifname=dyno0,script=no,downscript=no" + more,
                    "-device", "virtio-net-pci,netdev=t,romfile=")

    def kvmtool(more=""):
        # Its modern devices answer the third word of features with the second one: a 7.2 guest takes that for
        # tunnels, whose frames have a longer header. In its user network streams stop.
        return lkvm("bzImage", only_tap + "user=192.168.33.15", "--virtio-transport", "pci-legacy",
                    "--network", "mode=user", "--network", "mode=tap,tapif=dyno0" + more)

    commands = {
        "dyno": dyno("vmlinux", part + "user=10.0.2.15", "--net", "user", "--net", "tap=dyno0"),
        "q35": q35(part),
    }
    if NET != "user":
        commands["q35" + BY_KERNEL] = q35(only_tap, ",vhost=on")
        if LKVM:
            commands["lkvm"] = kvmtool()
            commands["lkvm" + BY_KERNEL] = kvmtool(",vhost=1")
    for name, command in wanted_of(commands).items():
        server = subprocess.Popen(["iperf3", "-s", "-p", "5301"], stdout=subprocess.DEVNULL)
        g = Guest(command)
        g.until("^PING")
        before = exits()
        pings = {}
        if NET != "user":
            pings["tap_ping_us"] = ping_us("10.9.0.2", 300)
            pings["tap_ping_exits"] = {k: round((v - before[k]) / 320, 1) for k, v in exits().items()}
            subprocess.run("echo go | busybox nc -w 2 10.9.0.2 5305", shell=True, check=False)
        g.until("^DONE")
        out[name] = known(name, {**g.figures(), **pings})
        g.stop()
        server.terminate()
        server.wait()
    out["ratio"] = ratios(out)
    return out


def can_tool(*words):
    return [BIN + "/../tests/guest_can", *words]


def roundtrip(text):
    found = re.search(r"median (\d+) p99 (\d+) max (\d+)", text)
    return {"median_us": int(found.group(1)), "p99_us": int(found.group(2))}


def run_text(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout.decode()


def threads():
    """Processor time (ns) and times that the processor was given up, of each thread of ours."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            program = read(f"/proc/{pid}/comm").strip()
            if program not in ("dyno", "dyno-vm", "ksoftirqd/0"):
                continue
            for tid in os.listdir(f"/proc/{pid}/task"):
                folder = f"/proc/{pid}/task/{tid}/"
                name = program + "/" + read(folder + "comm").strip()
                ran = int(read(folder + "schedstat").split()[0])
                gave_up = sum(int(n) for n in re.findall(r"ctxt_switches:\s*(\d+)", read(folder + "status")))
                found[name] = [a + b for a, b in zip(found.get(name, [0, 0]), (ran, gave_up))]
        except FileNotFoundError:
            pass
    return found


class PerFrame:
    """Where a frame's time goes: microseconds and switches of our threads, exits of the guest."""
    def __init__(self):
        self.threads, self.exits = threads(), exits()

    def since(self, frames):
        us, switches = {}, {}
        for name, now in threads().items():
            before = self.threads.get(name, [0, 0])
            if now[0] - before[0] > frames * 50:
                us[name] = round((now[0] - before[0]) / frames / 1e3, 2)
                switches[name] = round((now[1] - before[1]) / frames, 2)
        return {"us": us, "switches": switches,
                "exits": {k: round((v - self.exits[k]) / frames, 2) for k, v in exits().items()}}


FLOOD = "20000"


def rate(text):
    got = re.findall(r"RECEIVED \d+ in order, (\d+)", text)
    return int(got[-1]) if got else 0


def receiver(ident):
    p = subprocess.Popen(can_tool("receive", "vcan0", ident, FLOOD, "classic"), stdout=subprocess.PIPE)
    p.stdout.readline()
    return p


def can_of(name, ping, floor, *words):
    """Round trip and floods of a guest, with the interface as `words` say."""
    out = {}
    g = Guest(dyno("vmlinux", "do=can", "--net", "none", *words))
    g.until("^ECHO")
    before = PerFrame()
    out["roundtrip"] = known(name + " round trip", roundtrip(run_text(ping)))
    out["roundtrip"]["each"] = known(name + " round trip", before.since(400))
    out["floors"] = round(out["roundtrip"]["median_us"] / floor["median_us"], 2)
    g.until("^LISTENING")
    before = PerFrame()
    # As fast as the host can: what the guest has not taken waits.
    run_text(can_tool("send", "vcan0", "420", FLOOD, "classic"))
    g.until("^RECEIVED|^FAULT")
    out["host_to_guest_frames_s"] = known(name + " to the guest", rate(g.text))
    out["host_to_guest_each"] = known(name + " to the guest", before.since(int(FLOOD)))
    listen = receiver("400")
    g.until("^SENDING")
    before = PerFrame()
    g.until("^SENT")
    out["guest_to_host_frames_s"] = known(name + " from the guest", rate(listen.communicate()[0].decode()))
    out["guest_to_host_each"] = known(name + " from the guest", before.since(int(FLOOD)))
    g.stop()
    for way in ("host_to_guest", "guest_to_host"):
        out[way + "_of_floor"] = round(out[way + "_frames_s"] / floor["frames_s"], 2)
    return out


def figure_can():
    subprocess.run("ip link add vcan0 type vcan; ip link set vcan0 mtu 72 txqueuelen 1000 up", shell=True,
                   check=False)
    echo = subprocess.Popen(can_tool("echo", "vcan0", "440", "400", "classic"), stdout=subprocess.DEVNULL)
    time.sleep(0.1)
    ping = can_tool("ping", "vcan0", "440", "400", "classic", "200")
    floor = known("vcan floor", roundtrip(run_text(ping)))
    echo.wait()
    listen = receiver("400")
    run_text(can_tool("send", "vcan0", "400", FLOOD, "classic"))
    floor["frames_s"] = known("vcan floor", rate(listen.communicate()[0].decode()))
    return {"vcan floor": floor,
            "direct": can_of("direct", ping, floor, "--can", "vcan0,direct,record=no"),
            "direct, recorded": can_of("direct, recorded", ping, floor, "--can", "vcan0,direct"),
            "bus": can_of("bus", ping, floor, "--can", "vcan0")}


result = {}
for wanted in sys.argv[3:]:
    doing("figures of " + wanted)
    result[wanted] = {"boot": figure_boot, "io": figure_io, "net": figure_net,
                      "can": figure_can}[wanted]()
    # What is known so far survives a host that hangs in the next part.
    print(json.dumps({wanted: result[wanted]}, indent=1), flush=True)
shutil.rmtree(TMP)
