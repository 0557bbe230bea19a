#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Dyno's traces against two programs that are not Dyno: python-can and Wireshark.

What dyno writes they must read, and what python-can writes dyno must read, frame by frame. Exit
status 77: neither of them is here.
usage: trace_peers.py DYNO WORK_DIR
"""
import os
import shutil
import subprocess
import sys

script, dyno, work = (os.path.abspath(a) for a in sys.argv[:3])
shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
os.chdir(work)
faults = []


def run(*cmd):
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)


def convert(source, target, *options):
    r = run(dyno, "trace", "convert", *options, source, target)
    if r.returncode != 0:
        faults.append(f"{source} -> {target}: {r.stdout}")


def sample(name, fd):
    """A candump log; with fd, CAN FD and remote frames as well."""
    with open(name, "w", encoding="ascii") as out:
        for i in range(3000):
            t = 1700000000 + i * 0.000731
            data = (i * 2654435761 % (1 << 64)).to_bytes(8, "little").hex().upper()
            if i % 11 == 3:
                frame = f"{0x18FE0000 + i % 256:08X}#{data}"
            elif fd and i % 97 == 5:
                # python-can's TRC reader and its candump writer know no such frames.
                frame = f"{i % 0x7FF:03X}#R{i % 9}"
            elif fd and i % 5 == 1:
                # Not empty: python-can takes those for remote frames in ASC.
                frame = f"{i % 0x7FF:03X}##{i % 4}{data * (1 + i % 3 if i % 3 != 2 else 4)}"
            else:
                frame = f"{i % 0x7FF:03X}#{data[: i % 9 * 2]}"
            out.write(f"({t:.6f}) can{i % 2} {frame}\n")


def rows(path):
    """What python-can reads, in words that compare."""
    with can.LogReader(path) as reader:
        return [
            (
                round(m.timestamp, 6),
                m.arbitration_id,
                m.is_extended_id,
                m.is_fd,
                m.is_remote_frame,
                m.bitrate_switch,
                m.error_state_indicator,
                m.dlc,
                b"" if m.is_remote_frame else bytes(m.data),
            )
            for m in reader
        ]


def compare(what, want, have):
    """Stamps count from each trace's first frame."""
    if len(want) != len(have):
        faults.append(f"{what}: {len(have)} frames instead of {len(want)}")
        return
    for i, (a, b) in enumerate(zip(want, have)):
        if a[1:] != b[1:] or abs((a[0] - want[0][0]) - (b[0] - have[0][0])) > 2.5e-6:
            faults.append(f"{what}: frame {i} is {b}, not {a}")
            return


def check_python_can():
    for name, fd, formats in (("fd.log", True, ("asc", "blf")), ("classic.log", False, ("asc", "blf", "trc"))):
        want = rows(name)
        for ext in formats:
            convert(name, f"dyno-{fd}.{ext}")
            compare(f"python-can reads {ext}", want, rows(f"dyno-{fd}.{ext}"))
        # And the other way round.
        for ext in ("asc", "blf") if fd else ("asc", "blf", "csv", "log"):
            with can.LogReader(name) as reader, can.Logger(f"peer-{fd}.{ext}") as writer:
                for m in reader:
                    # Its writers want numbers, candump's a name.
                    m.channel = int(m.channel[3:]) if ext in ("asc", "blf") else m.channel
                    writer(m)
            r = run(dyno, "trace", "diff", "--align", "--any-channel", "--time", "2us", name, f"peer-{fd}.{ext}")
            if r.returncode != 0:
                faults.append(f"dyno reads python-can's {ext}: {r.stdout}")


def check_wireshark():
    for ext in ("pcap", "pcapng"):
        convert("fd.log", f"shark.{ext}")
        r = subprocess.run(
            ("tshark", "-r", f"shark.{ext}", "-T", "fields", "-e", "frame.time_epoch", "-e", "can.id", "-e", "can.len"),
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60, check=False)
        have = [line.split("\t") for line in r.stdout.splitlines()]
        with open("fd.log", encoding="ascii") as lines:
            for i, line in enumerate(lines):
                stamp, _, frame = line.split()
                ident, data = frame.split("#", 1)
                size = int(data[1:]) if data[:1] == "R" else len(data[2:] if data[:1] == "#" else data) // 2
                want = (float(stamp[1:-1]), int(ident, 16), size)
                if i >= len(have):
                    faults.append(f"tshark shows {len(have)} packets of {ext}")
                    break
                got = (float(have[i][0]), int(have[i][1], 0), int(have[i][2]))
                if abs(got[0] - want[0]) > 1e-6 or got[1:] != want[1:]:
                    faults.append(f"tshark, {ext}, packet {i}: {got}, not {want}")
                    break


checked = []
try:
    import can
except ImportError:
    # The distribution's packages are the distribution's Python's.
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):
        os.execv("/usr/bin/python3", ["/usr/bin/python3", script, dyno, work])
    can = None
    print("skipped: python-can is not installed")
sample("fd.log", True)
sample("classic.log", False)
if can:
    check_python_can()
    checked.append(f"python-can {can.__version__}")
if shutil.which("tshark"):
    check_wireshark()
    checked.append("tshark")
else:
    print("skipped: tshark is not installed")
for fault in faults:
    print(fault)
print("checked:", ", ".join(checked) or "nothing")
sys.exit(1 if faults else 0 if checked else 77)
