/* SPDX-License-Identifier: Apache-2.0 */
/* The examination behind `dyno doctor`; see host.h. */
#include "sim/bench/host.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/can.h>
#include <linux/kvm.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/bench/child.h"
#include "sim/bench/service.h"

struct list {
	struct host_finding *f;
	size_t n;
};

static struct host_finding *add(struct list *l, const char *name, enum host_state state,
	const char *fmt, ...) PRINTF_LIKE(4, 5);
static struct host_finding *add(
	struct list *l, const char *name, enum host_state state, const char *fmt, ...)
{
	struct host_finding *f = &l->f[l->n < HOST_MAX_FINDINGS - 1 ? l->n++ : l->n];
	va_list ap;

	*f = (struct host_finding){ .name = name, .state = state };
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return f;
}

static void fix(struct host_finding *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void fix(struct host_finding *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->fix, sizeof(f->fix), fmt, ap);
	va_end(ap);
}

/* ---- KVM ---- */

static const char *kvm_fix(int errno_value)
{
	switch (errno_value) {
	case ENOENT:
		return "load the module (`modprobe kvm_intel` or `modprobe kvm_amd`) and switch on "
		       "virtualisation (VT-x, AMD-V) in the firmware; in a virtual machine switch "
		       "on nested virtualisation; in a container pass the device (`docker run "
		       "--device /dev/kvm`)";
	case EACCES:
	case EPERM:
		return "join the group that owns /dev/kvm: `sudo usermod -aG kvm $USER`, then log "
		       "in again";
	case EBUSY:
		return "another hypervisor holds the processor's virtualisation: end it";
	default:
		return "see `dmesg | grep -i kvm`";
	}
}

int host_kvm_error(int errno_value, struct err *e)
{
	return err_set(e, -errno_value, "/dev/kvm: %s. Guests need KVM: %s", strerror(errno_value),
		kvm_fix(errno_value));
}

static const struct {
	int cap;
	const char *name;
} kvm_needs[] = {
	{ KVM_CAP_USER_MEMORY, "USER_MEMORY" },
	{ KVM_CAP_IRQCHIP, "IRQCHIP" },
	{ KVM_CAP_IRQFD, "IRQFD" },
	{ KVM_CAP_IOEVENTFD, "IOEVENTFD" },
	{ KVM_CAP_SIGNAL_MSI, "SIGNAL_MSI" },
	{ KVM_CAP_IRQ_ROUTING, "IRQ_ROUTING" },
	{ KVM_CAP_EXT_CPUID, "EXT_CPUID" },
	{ KVM_CAP_SET_TSS_ADDR, "SET_TSS_ADDR" },
	{ KVM_CAP_IMMEDIATE_EXIT, "IMMEDIATE_EXIT" },
};

static void kvm_capabilities(struct list *l, int kvm)
{
	char missing[200] = "";
	size_t at = 0;
	struct host_finding *f;

	for (size_t i = 0; i < ARRAY_SIZE(kvm_needs); i++) {
		if (ioctl(kvm, KVM_CHECK_EXTENSION, kvm_needs[i].cap) <= 0 && at < sizeof(missing))
			at += (size_t)snprintf(
				missing + at, sizeof(missing) - at, " %s", kvm_needs[i].name);
	}
	if (!at) {
		(void)add(l, "kvm capabilities", HOST_OK, "all %zu that dyno-vm uses",
			ARRAY_SIZE(kvm_needs));
		return;
	}
	f = add(l, "kvm capabilities", HOST_FAIL, "missing:%s", missing);
	fix(f, "run a Linux kernel from 4.13 on with the complete KVM of its distribution");
}

static void kvm_speed(struct list *l, int kvm)
{
	double speed = 0;
	struct err e;
	struct host_finding *f;

	if (host_ring0_speed(kvm, &speed, &e)) {
		f = add(l, "ring 0 speed", HOST_FAIL, "%.200s", e.text);
		fix(f, "KVM is there but runs no guest: see `dmesg | tail`");
	} else if (speed < 100e6) {
		f = add(l, "ring 0 speed", HOST_WARN,
			"%.1f million instructions/s: a software KVM emulates guests' kernel code",
			speed / 1e6);
		fix(f, "the bare-metal guests run well here; stock Linux guests need a host with "
		       "hardware virtualisation (or hardware nested virtualisation)");
	} else {
		(void)add(l, "ring 0 speed", HOST_OK,
			"%.0f million instructions/s: hardware virtualisation", speed / 1e6);
	}
}

static bool read_word(const char *path, char *buf, size_t cap)
{
	FILE *f = fopen(path, "re");
	bool got = f && fgets(buf, (int)cap, f);

	if (f)
		fclose(f);
	if (got)
		buf[strcspn(buf, "\n")] = '\0';
	return got;
}

static void examine_kvm(struct list *l)
{
	CLEANUP_FD int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	struct host_finding *f;
	char nested[16] = "";
	int api;

	if (kvm < 0) {
		int err = errno;

		f = add(l, "kvm", HOST_FAIL, "/dev/kvm: %s", strerror(err));
		fix(f, "%s", kvm_fix(err));
		return;
	}
	api = ioctl(kvm, KVM_GET_API_VERSION, 0);
	f = add(l, "kvm", api == KVM_API_VERSION ? HOST_OK : HOST_FAIL,
		"/dev/kvm opens, API version %d, up to %d vCPUs a guest", api,
		ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_NR_VCPUS));
	if (api != KVM_API_VERSION)
		fix(f, "Dyno needs API version %d", KVM_API_VERSION);
	kvm_capabilities(l, kvm);
	kvm_speed(l, kvm);
	if (read_word("/sys/module/kvm_intel/parameters/nested", nested, sizeof(nested)) ||
		read_word("/sys/module/kvm_amd/parameters/nested", nested, sizeof(nested)))
		(void)add(l, "nested kvm", HOST_OK, "%s",
			nested[0] == 'Y' || nested[0] == '1' ? "guests may use KVM themselves"
							     : "guests cannot use KVM themselves");
}

/* ---- the rest ---- */

static void examine_can(struct list *l)
{
	CLEANUP_FD int s = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);
	struct host_finding *f;
	struct if_nameindex *names;
	char found[160] = "";
	size_t at = 0;

	if (s < 0) {
		f = add(l, "socketcan", HOST_WARN, "PF_CAN sockets: %s", strerror(errno));
		fix(f, "not needed for the built-in bus. For `socketcan:` buses: `modprobe can_raw "
		       "vcan` on a kernel that has them (Debian: linux-image-amd64; cloud and "
		       "container kernels often have none)");
		return;
	}
	names = if_nameindex();
	for (size_t i = 0; names && names[i].if_index; i++) {
		const char *n = names[i].if_name;

		if ((strncmp(n, "can", 3) == 0 || strncmp(n, "vcan", 4) == 0) && at < sizeof(found))
			at += (size_t)snprintf(found + at, sizeof(found) - at, " %s", n);
	}
	if (names)
		if_freenameindex(names);
	f = add(l, "socketcan", HOST_OK, at ? "PF_CAN, interfaces:%s" : "PF_CAN, no interface%s",
		found);
	if (!at)
		fix(f, "a virtual one: `modprobe vcan && ip link add dev vcan0 type vcan && ip "
		       "link set vcan0 mtu 72 up`");
}

static bool socket_answers(const char *path)
{
	return access(path, R_OK | W_OK) == 0;
}

static void examine_audio(struct list *l)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char pw[512] = "", pa[512] = "";
	struct host_finding *f;

	if (run) {
		snprintf(pw, sizeof(pw), "%s/pipewire-0", run);
		snprintf(pa, sizeof(pa), "%s/pulse/native", run);
	}
	if (pw[0] && socket_answers(pw)) {
		(void)add(l, "audio", HOST_OK, "PipeWire");
	} else if (pa[0] && socket_answers(pa)) {
		(void)add(l, "audio", HOST_OK, "PulseAudio");
	} else {
		f = add(l, "audio", HOST_WARN, "no PipeWire and no PulseAudio socket%s",
			run ? "" : " (XDG_RUNTIME_DIR is not set)");
		fix(f, "run in a desktop session, or `apt install pipewire wireplumber "
		       "pipewire-pulse`; without, sound goes to files or nowhere");
	}
}

static void examine_display(struct list *l)
{
	const char *x = getenv("DISPLAY"), *w = getenv("WAYLAND_DISPLAY");
	struct host_finding *f;
	bool render = false;
	DIR *d;

	if ((w && *w) || (x && *x)) {
		(void)add(l, "display", HOST_OK, "%s %s", w && *w ? "Wayland" : "X11",
			w && *w ? w : x);
	} else {
		f = add(l, "display", HOST_WARN, "neither DISPLAY nor WAYLAND_DISPLAY is set");
		fix(f, "runs are headless (pictures are taken all the same); for windows start "
		       "from a desktop session or with `ssh -X`, or use `xvfb-run`");
	}
	d = opendir("/dev/dri");
	for (struct dirent *en = d ? readdir(d) : NULL; en; en = readdir(d))
		render |= strncmp(en->d_name, "renderD", 7) == 0;
	if (d)
		closedir(d);
	if (render) {
		(void)add(l, "gpu", HOST_OK, "a render node in /dev/dri");
	} else {
		f = add(l, "gpu", HOST_WARN, "no render node in /dev/dri");
		fix(f, "2D needs none; 3D would be drawn by the processor (Mesa llvmpipe): "
		       "`apt install libgl1-mesa-dri libegl1`");
	}
}

static void examine_net(struct list *l)
{
	CLEANUP_FD int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	int err = errno;
	struct host_finding *f;

	if (tun >= 0) {
		(void)add(l, "tun", HOST_OK, "/dev/net/tun opens");
		return;
	}
	f = add(l, "tun", HOST_WARN, "/dev/net/tun: %s", strerror(err));
	fix(f, err == ENOENT
			? "`modprobe tun`; in a container `--device /dev/net/tun`"
			: "needs CAP_NET_ADMIN or a tap device made for you: `ip tuntap add dev "
			  "tap0 mode tap user $USER`");
}

static void examine_sandbox(struct list *l)
{
	CLEANUP_FD int mem = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint32_t kill = SECCOMP_RET_KILL_PROCESS;
	struct host_finding *f;

	if (mem < 0) {
		f = add(l, "memfd", HOST_FAIL, "%s", strerror(errno));
		fix(f, "guest memory and pictures need memfd_create: Linux 3.17 or newer, not "
		       "filtered by the container");
	} else {
		(void)add(l, "memfd", HOST_OK, "sealed memory files");
	}
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &kill) == 0) {
		(void)add(l, "seccomp", HOST_OK, "dyno-vm narrows its system calls");
	} else {
		f = add(l, "seccomp", HOST_WARN, "not available: %s", strerror(errno));
		fix(f, "a kernel with CONFIG_SECCOMP_FILTER; until then `dyno run --no-sandbox`");
	}
	if (abi > 0) {
		(void)add(l, "landlock", HOST_OK, "ABI %ld: dyno-vm can open no file", abi);
	} else {
		f = add(l, "landlock", HOST_WARN, "not available: %s", strerror(errno));
		fix(f, "optional. Linux 5.13 or newer, with `landlock` in the kernel's lsm= list");
	}
}

/* By trying it: a limit and two capabilities decide, and a container may forbid it all the same. */
static void examine_real_time(struct list *l)
{
	const struct sched_param lowest = { .sched_priority = 1 }, none = { .sched_priority = 0 };
	struct host_finding *f;

	if (sched_setscheduler(0, SCHED_RR, &lowest) == 0) {
		(void)sched_setscheduler(0, SCHED_OTHER, &none);
		(void)add(l, "real time", HOST_OK,
			"guests (`realtime`) and sound may go before ordinary programs");
		return;
	}
	f = add(l, "real time", HOST_WARN, "no right to real-time priority: %s", strerror(errno));
	fix(f, "only where guests' sound must not break off on a busy host: a limit RLIMIT_RTPRIO "
	       "(`rtprio 10` in /etc/security/limits.d)");
}

static void examine_limits(struct list *l)
{
	struct rlimit files = { 0 };
	struct sysinfo si = { 0 };
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct host_finding *f;

	getrlimit(RLIMIT_NOFILE, &files);
	f = add(l, "open files", files.rlim_cur >= 1024 ? HOST_OK : HOST_WARN, "limit %llu",
		(unsigned long long)files.rlim_cur);
	if (files.rlim_cur < 1024)
		fix(f, "`ulimit -n 4096`");
	sysinfo(&si);
	f = add(l, "memory",
		(uint64_t)si.totalram * si.mem_unit >= UINT64_C(2) << 30 ? HOST_OK : HOST_WARN,
		"%.1f GiB, %.1f GiB free", (double)si.totalram * si.mem_unit / (1 << 30),
		(double)si.freeram * si.mem_unit / (1 << 30));
	if (f->state != HOST_OK)
		fix(f, "give the guests less memory in the scenario (`memory:`)");
	f = add(l, "cores", cores >= 2 ? HOST_OK : HOST_WARN, "%ld", cores);
	if (cores < 2)
		fix(f, "guests, buses and windows share one core: timing will suffer");
}

static void examine_disks(struct list *l)
{
	char path[4096], value[8] = "0";
	FILE *f = fopen("/proc/sys/kernel/io_uring_disabled", "re");
	struct host_finding *h;
	long ring;
	struct io_uring_params {
		uint32_t words[30];
	} params = { { 0 } };

	if (f) {
		if (!fgets(value, sizeof(value), f))
			value[0] = '0';
		fclose(f);
	}
	/* Asked of the kernel itself: a container may forbid what the sysctl permits. */
	ring = syscall(SYS_io_uring_setup, 1, &params);
	if (ring >= 0) {
		close((int)ring);
		add(l, "disks", HOST_OK, "io_uring works: raw images and block devices");
	} else {
		h = add(l, "disks", HOST_WARN, "no io_uring (%s): guests can have no raw images",
			strerror(errno));
		if (value[0] != '0')
			fix(h,
				"sysctl kernel.io_uring_disabled is %c: set it to 0 (or to 1, and be in "
				"the group of kernel.io_uring_group)",
				value[0]);
		else
			fix(h, "the container's seccomp profile may forbid it: allow io_uring_setup, "
			       "io_uring_enter and io_uring_register");
	}
	if (service_find("qemu-nbd", "qemu-utils", path, sizeof(path), NULL) == 0 &&
		service_find("qemu-img", "qemu-utils", path, sizeof(path), NULL) == 0)
		add(l, "disk formats", HOST_OK, "qcow2, VMDK, VHDX, VHD through qemu-nbd");
	else
		fix(add(l, "disk formats", HOST_WARN,
			    "qemu-nbd or qemu-img is missing: disks can be raw images only"),
			"apt install qemu-utils");
}

static void examine_shares(struct list *l)
{
	char path[4096];

	if (service_find("virtiofsd", "virtiofsd", path, sizeof(path), NULL) == 0)
		add(l, "virtio-fs", HOST_OK, "%.500s", path);
	else
		fix(add(l, "virtio-fs", HOST_WARN,
			    "virtiofsd is missing: no shares of type virtiofs"),
			"apt install virtiofsd (Debian 12: qemu-system-common)");
	if (service_find("diod", "diod", path, sizeof(path), NULL) == 0)
		add(l, "9p", HOST_OK, "%.500s", path);
	else
		fix(add(l, "9p", HOST_WARN, "diod is missing: no shares of type 9p"),
			"apt install diod");
}

static void examine_programs(struct list *l)
{
	static const char *const programs[] = { "dyno-vm", "dyno-ui" };

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct host_finding *f;
		char path[1024];
		struct err e;

		if (child_find_program(programs[i], path, sizeof(path), &e) == 0) {
			(void)add(l, programs[i], HOST_OK, "%.250s", path);
		} else {
			f = add(l, programs[i], HOST_FAIL, "not found");
			fix(f, "%.500s", e.text);
		}
	}
}

size_t host_examine(struct host_finding f[HOST_MAX_FINDINGS])
{
	struct list l = { .f = f };

	examine_kvm(&l);
	examine_disks(&l);
	examine_shares(&l);
	examine_programs(&l);
	examine_can(&l);
	examine_display(&l);
	examine_audio(&l);
	examine_net(&l);
	examine_sandbox(&l);
	examine_real_time(&l);
	examine_limits(&l);
	return l.n;
}
