/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's process, its life and its consoles; see guest.h. */
#include "sim/bench/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/json.h"
#include "base/log.h"
#include "sim/bench/bench.h"
#include "sim/bench/disk.h"
#include "sim/bench/images.h"
#include "sim/bench/manifest.h"
#include "sim/bench/placement.h"
#include "sim/bench/shares.h"
#include "sim/bootdisk/job.h"
#include "sim/canbus/canbus.h"
#include "sim/scenario/units.h"

static const char *const state_names[] = {
	[GUEST_OFF] = "off",
	[GUEST_STARTING] = "starting",
	[GUEST_RUNNING] = "running",
	[GUEST_PAUSED] = "paused",
	[GUEST_ENDED] = "ended",
};

const char *guest_state_name(const struct guest *g)
{
	if (g->state == GUEST_ENDED && g->crashed)
		return "crashed";
	if (g->state == GUEST_RUNNING && g->ready)
		return "ready";
	return state_names[g->state];
}

bool guest_alive(const struct guest *g)
{
	return g->vm.pid > 0;
}

static int open_kernel(const struct scenario_guest *sg, struct err *e)
{
	int fd;

	if (sg->builtin)
		return image_open(sg->builtin, e);
	fd = open(sg->kernel, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_errno(e, errno, "cannot open the kernel %s", sg->kernel) : fd;
}

/* Kernel, RAM disk and arguments out of a disk. Kept for restarts: what the guest changes there
 * counts from the next run on. */
static int read_boot_disk(struct guest *g, struct err *e)
{
	const struct scenario_guest *sg = g->sg;
	const struct disk *d = &g->disk[sg->boot_disk];
	const char *name = disk_name(d->sd);
	char export_name[DISK_EXPORT_NAME];
	CLEANUP_FD int sock = -1;
	struct boot_job job = {
		.image_fd = d->fd, .letter = (char)('a' + sg->boot_disk), .entry = sg->boot_entry
	};
	struct boot_found f = { .kernel_fd = -1, .initrd_fd = -1 };
	int rc = 0;

	if (disk_is_nbd(d)) {
		sock = disk_connect_reader(d, export_name, e);
		rc = sock < 0 ? sock : 0;
		job.image_fd = sock;
		job.nbd_export = export_name;
	}
	if (!rc)
		rc = boot_job_run(&job, &f, e);
	if (rc) {
		err_prefix(e, "guest %s: cannot boot from %s", sg->name, name);
		return rc;
	}
	g->kernel_fd = fd_take(&f.kernel_fd);
	g->initrd_fd = fd_take(&f.initrd_fd);
	g->boot_options = f.options;
	f.options = NULL;
	term_event(&g->bench->term, "%s: boots \"%s\" of %s", sg->name, f.title, name);
	boot_found_fini(&f);
	return 0;
}

/* A bus's recording has the plain name. */
static bool is_bus_name(const struct scenario *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_buses; i++) {
		if (strcmp(s->buses[i].name, name) == 0)
			return true;
	}
	return false;
}

int guest_init(struct guest *g, const char *out_dir, struct err *e)
{
	const struct scenario_guest *sg = g->sg;
	char path[1200];

	if (!sg->boot_from_disk) {
		g->kernel_fd = open_kernel(sg, e);
		if (g->kernel_fd < 0) {
			err_prefix(e, "guest %s", sg->name);
			return g->kernel_fd;
		}
	}
	if (sg->initrd) {
		g->initrd_fd = open(sg->initrd, O_RDONLY | O_CLOEXEC);
		if (g->initrd_fd < 0)
			return err_errno(
				e, errno, "guest %s: cannot open %s", sg->name, sg->initrd);
	}
	for (uint32_t i = 0; i < sg->n_disks; i++) {
		int rc;

		snprintf(path, sizeof(path), "%s-%u", sg->name, i);
		rc = disk_open(&g->disk[i], &sg->disks[i], &g->bench->services, path, out_dir, e);
		if (rc < 0) {
			err_prefix(e, "guest %s", sg->name);
			return rc;
		}
	}
	if (sg->boot_from_disk) {
		int rc = read_boot_disk(g, e);

		if (rc)
			return rc;
	}
	snprintf(path, sizeof(path), "%s/%s%s.log", out_dir, sg->name,
		is_bus_name(g->bench->s, sg->name) ? "-console" : "");
	g->log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (g->log_fd < 0)
		return err_errno(e, errno, "cannot write %s", path);
	/* The scenario was checked: the expression compiles. */
	if (sg->ready && regcomp(&g->ready_regex, sg->ready, REG_EXTENDED | REG_NOSUB) == 0)
		g->ready_regex_ok = true;
	return 0;
}

/* ---- consoles ---- */

/* The log is full: says so in it and on the terminal. */
static void end_log(struct guest *g, const char *head)
{
	char limit[UNIT_TEXT], text[128];
	int n = snprintf(text, sizeof(text), "%s--- log_limit: %s are full, no more is kept ---\n",
		head, unit_show_size(limit, g->sg->log_limit_bytes));

	term_problem(&g->bench->term,
		"%s: its log has reached %s: no more of its consoles is kept (log_limit)",
		g->sg->name, limit);
	if (fd_write_all(g->log_fd, text, (size_t)n))
		log_guest("the console log of %s cannot be written", g->sg->name);
}

/* One line into OUT/GUEST.log, as long as there is room: a guest that floods its console must not
 * fill the disk. The checks see every line. */
static void log_console_line(
	struct guest *g, const char *port, uint64_t t_ns, const char *text, size_t len)
{
	char out[LINES_MAX + 96];
	size_t head = (size_t)snprintf(out, sizeof(out), "%11.6f %s: ", (double)t_ns / 1e9, port),
	       n = head + len + 1;

	if (n > g->sg->log_limit_bytes - g->log_bytes) {
		out[head] = '\0';
		if (!g->log_lost_bytes)
			end_log(g, out);
		g->log_lost_bytes += n;
		return;
	}
	memcpy(out + head, text, len);
	out[head + len] = '\n';
	/* A full disk must not end the run. */
	if (fd_write_all(g->log_fd, out, n))
		log_guest("the console log of %s cannot be written", g->sg->name);
	g->log_bytes += n;
}

static void console_line(struct stream *st, const char *text, size_t len)
{
	struct guest *g = st->data;
	struct bench *b = g->bench;
	uint64_t now = clock_now_ns();

	log_console_line(g, st->port, bench_time(b, now), text, len);
	if (!g->ready && g->ready_regex_ok && regexec(&g->ready_regex, text, 0, NULL, 0) == 0) {
		g->ready = true;
		if (!g->ready_ns)
			g->ready_ns = now;
		check_guest(b->checks, g->index, CHECK_GUEST_READY, bench_time(b, now), NULL);
		term_event(&b->term, "%s: ready", g->sg->name);
	}
	bench_guest_line(b, g, st->port, text, len);
}

static void init_streams(struct guest *g)
{
	const struct scenario_guest *sg = g->sg;

	if (sg->serial)
		stream_init(&g->streams[g->n_streams++], g->bench->loop, SCENARIO_PORT_SERIAL,
			console_line, g);
	for (uint32_t i = 0; i < sg->n_ports; i++)
		stream_init(&g->streams[g->n_streams++], g->bench->loop, sg->ports[i].name,
			console_line, g);
}

/* Connects a console; the guest's end goes to *theirs. */
static int open_stream(struct guest *g, const char *port, int *theirs, struct err *e)
{
	struct stream *st = guest_stream(g, port);
	int rc = st ? stream_open(st, theirs) : -ENOENT;

	return rc ? err_errno(e, -rc, "cannot make the console %s of guest %s", port, g->sg->name)
		  : 0;
}

struct stream *guest_stream(struct guest *g, const char *port)
{
	for (uint32_t i = 0; i < g->n_streams; i++) {
		if (strcmp(g->streams[i].port, port) == 0)
			return &g->streams[i];
	}
	return NULL;
}

void guest_clear(struct guest *g, struct bench *b, uint32_t index)
{
	*g = (struct guest){ .bench = b,
		.index = index,
		.sg = &b->s->guests[index],
		.kernel_fd = -1,
		.initrd_fd = -1,
		.display_fd = -1,
		.signals_fd = -1,
		.log_fd = -1 };
	for (uint32_t i = 0; i < SCENARIO_MAX_DISKS; i++)
		disk_clear(&g->disk[i]);
	child_init(&g->vm);
	rpc_init(&g->rpc, -1);
	init_streams(g);
}

/* ---- the process ---- */

/* When it says that something happened: after its start and not in the future, whatever it says. */
static uint64_t stamp(const struct guest *g, const json_t *msg)
{
	json_int_t t = json_integer_value(json_object_get(msg, "t_ns"));
	uint64_t now = clock_now_ns();

	return t > 0 && (uint64_t)t >= g->vm.spawned_ns && (uint64_t)t <= now ? (uint64_t)t : now;
}

static const char *text_of(const json_t *msg, const char *key)
{
	const char *t = json_string_value(json_object_get(msg, key));

	return t ? t : "";
}

static void send_throttle(struct guest *g, rpc_done done, void *arg)
{
	rpc_call(&g->rpc,
		json_pack("{s:s,s:i}", "op", "throttle", "percent",
			g->throttle_percent ? (int)g->throttle_percent : 100),
		NULL, 0, done, arg);
}

static void on_started(struct guest *g, const json_t *msg)
{
	struct err e;

	if (g->state != GUEST_STARTING)
		return;
	if (placement_vcpus(g->sg, g->vm.pid, json_object_get(msg, "vcpu_tids"), &e)) {
		bench_guest_failed(g->bench, g, e.text);
		return;
	}
	placement_direct(g->sg, g->vm.pid, json_integer_value(json_object_get(msg, "bus_tid")));
	g->state = GUEST_RUNNING;
	if (!g->started_ns)
		g->started_ns = stamp(g, msg);
	if (g->throttle_percent)
		send_throttle(g, NULL, NULL);
	bench_guest_started(g->bench, g);
}

/* The terminal shows so much of what a guest can bring about; the rest is counted. */
static bool may_say(struct guest *g)
{
	return term_may_say(&g->bench->term, &g->said, g->sg->name);
}

/* The line in which the operating system says why. */
static const char *panic_line(const struct guest *g)
{
	const char *lines[CHECK_TAIL_LINES], *found = NULL;
	size_t n = check_console_tail(g->bench->checks, g->index, lines, CHECK_TAIL_LINES);

	for (size_t i = 0; i < n; i++) {
		const char *at = strstr(lines[i], "Kernel panic");

		if (at && strstr(at, "not syncing"))
			found = at;
	}
	return found;
}

static void on_panicked(struct guest *g, const json_t *msg)
{
	struct bench *b = g->bench;
	bool dumps = json_is_true(json_object_get(msg, "crash_loaded"));
	const char *line;

	/* What it said until now came by another way. */
	for (uint32_t i = 0; i < g->n_streams; i++)
		stream_catch_up(&g->streams[i]);
	line = panic_line(g);
	g->panics++;
	snprintf(g->panic_text, sizeof(g->panic_text), "panic: %.200s",
		line ? line : "its operating system reported that it failed");
	if (b->phase == BENCH_RUNNING)
		check_guest(b->checks, g->index, CHECK_GUEST_CRASHED, bench_now(b), g->panic_text);
	if (may_say(g))
		term_problem(&b->term, "%s: guest crashed: %s%s", g->sg->name, g->panic_text,
			dumps ? " (its crash kernel takes over)" : "");
}

static void on_watchdog(struct guest *g, const json_t *msg)
{
	struct bench *b = g->bench;
	char text[64];

	g->watchdogs++;
	snprintf(text, sizeof(text), "watchdog fired: %.31s", text_of(msg, "action"));
	if (b->phase == BENCH_RUNNING)
		check_guest(b->checks, g->index, CHECK_GUEST_CRASHED, bench_now(b), text);
	if (may_say(g))
		term_problem(&b->term, "%s: %s", g->sg->name, text);
}

static void on_event(void *arg, const char *ev, const json_t *msg, int fd)
{
	struct guest *g = arg;
	struct bench *b = g->bench;

	(void)fd;
	if (strcmp(ev, "started") == 0) {
		on_started(g, msg);
	} else if (strcmp(ev, "paused") == 0) {
		g->state = GUEST_PAUSED;
	} else if (strcmp(ev, "resumed") == 0) {
		g->state = GUEST_RUNNING;
	} else if (strcmp(ev, "reset") == 0) {
		g->ready = false;
		check_guest(b->checks, g->index, CHECK_GUEST_RESET, bench_now(b), NULL);
		if (may_say(g))
			term_event(&b->term, "%s: reset", g->sg->name);
	} else if (strcmp(ev, "panicked") == 0) {
		on_panicked(g, msg);
	} else if (strcmp(ev, "watchdog") == 0) {
		on_watchdog(g, msg);
	} else if (strcmp(ev, "first_frame") == 0) {
		json_int_t d = json_integer_value(json_object_get(msg, "scanout"));

		if (d >= 0 && d < DISPLAY_MAX_SCANOUTS && !g->first_frame_ns[d])
			g->first_frame_ns[d] = stamp(g, msg);
	} else if (strcmp(ev, "device_error") == 0) {
		if (may_say(g))
			term_problem(&b->term, "%s: device %s failed: %s", g->sg->name,
				text_of(msg, "device"), text_of(msg, "text"));
	} else if (strcmp(ev, "exited") == 0) {
		g->said_exit = true;
		snprintf(g->exit_reason, sizeof(g->exit_reason), "%s", text_of(msg, "reason"));
		snprintf(g->exit_text, sizeof(g->exit_text), "%s", text_of(msg, "text"));
	} else if (strcmp(ev, "error") == 0) {
		snprintf(g->exit_text, sizeof(g->exit_text), "%s", text_of(msg, "text"));
		if (g->state == GUEST_STARTING)
			bench_guest_failed(b, g, g->exit_text);
	} else {
		log_debug("guest %s: unknown event \"%s\"", g->sg->name, ev);
	}
}

static void on_readable(struct child *c)
{
	struct guest *g = c->data;
	char who[SCENARIO_NAME_MAX + 16];

	snprintf(who, sizeof(who), "dyno-vm of %s", g->sg->name);
	rpc_receive(&g->rpc, c, who, on_event, g);
}

static void on_line(struct child *c, const char *text, size_t len)
{
	struct guest *g = c->data;

	if (may_say(g))
		term_line(&g->bench->term, text, len);
}

/* Says in exit_text and exit_reason how it ended, and whether that was a crash. */
static void judge_end(struct guest *g)
{
	char status[128], text[sizeof(g->exit_text)];

	child_status_text(&g->vm, status, sizeof(status));
	snprintf(text, sizeof(text), "%s", g->exit_text);
	g->crashed = false;
	if (g->kill_wanted) {
		snprintf(g->exit_reason, sizeof(g->exit_reason), "killed");
		snprintf(g->exit_text, sizeof(g->exit_text), "killed on purpose");
	} else if (g->said_exit && (strcmp(g->exit_reason, "poweroff") == 0 ||
					   strcmp(g->exit_reason, "stopped") == 0)) {
		snprintf(g->exit_text, sizeof(g->exit_text), "%.31s%s%.200s", g->exit_reason,
			text[0] ? ": " : "", text);
	} else if (g->said_exit && strcmp(g->exit_reason, "panic") == 0) {
		g->crashed = true;
		snprintf(g->exit_text, sizeof(g->exit_text), "guest crashed: %s", g->panic_text);
	} else if (g->said_exit) {
		g->crashed = true;
		snprintf(g->exit_text, sizeof(g->exit_text), "%.31s%s%.200s", g->exit_reason,
			text[0] ? ": " : "", text);
	} else if (g->stop_wanted) {
		snprintf(g->exit_reason, sizeof(g->exit_reason), "stopped");
		snprintf(g->exit_text, sizeof(g->exit_text), "stopped (dyno-vm %.100s)", status);
	} else {
		g->crashed = true;
		snprintf(g->exit_reason, sizeof(g->exit_reason), "died");
		snprintf(g->exit_text, sizeof(g->exit_text), "dyno-vm %s%s%.100s", status,
			text[0] ? ": " : "", text);
	}
}

static void end_streams(struct guest *g)
{
	for (uint32_t i = 0; i < g->n_streams; i++)
		stream_end(&g->streams[i]);
}

static void on_exit_(struct child *c)
{
	struct guest *g = c->data;

	end_streams(g);
	shares_close(&g->bench->services, g->sg->name, g->sg);
	child_hang_up(c);
	rpc_close(&g->rpc, "the guest has ended");
	g->state = GUEST_ENDED;
	judge_end(g);
	bench_guest_ended(g->bench, g);
}

static int sigmap_memfd(const struct sigmap *m, struct err *e)
{
	size_t len = sigmap_packed_bytes(m);
	uint8_t *buf = malloc(len);
	int fd, rc;

	if (!buf)
		return err_set(e, -ENOMEM, "out of memory");
	sigmap_pack(m, buf);
	fd = fd_memfd("sigmap", len);
	rc = fd < 0 ? fd : fd_write_all(fd, buf, len);
	free(buf);
	if (!rc)
		return fd;
	fd_close(&fd);
	return err_errno(e, -rc, "cannot make the signal map's module");
}

/* What dyno-vm gets and we close once it was sent. */
struct lent {
	int sigmap, serial, vsock, sound, signals, can[SCENARIO_MAX_CAN], nets[SCENARIO_MAX_NETS],
		ports[GUEST_MAX_STREAMS], shares[SCENARIO_MAX_SHARES],
		vhost_user[SCENARIO_MAX_VHOST];
	struct manifest_disk_fds disks[SCENARIO_MAX_DISKS];
	bool can_echoes[SCENARIO_MAX_CAN];
};

/* The bench's end of a controller and dyno-vm's; of a direct one both are the same socket, which
 * the bench binds when the interface is there. */
static int open_can(const struct scenario_bus *bus, int *ours, int *its, struct err *e)
{
	int pair[2], rc;

	if (bus->socketcan_direct) {
		*its = canbus_open_socket(bus->socketcan, e);
		if (*its < 0)
			return *its;
		*ours = fcntl(*its, F_DUPFD_CLOEXEC, 0);
		return *ours < 0 ? err_errno(e, errno, "cannot make a CAN port") : 0;
	}
	rc = ipc_pair(pair, 1024 * 1024);
	if (rc)
		return err_errno(e, -rc, "cannot make a CAN port");
	*ours = pair[0];
	*its = pair[1];
	return 0;
}

static int make_ends(struct guest *g, struct lent *l, int *can_fds, struct err *e)
{
	const struct scenario_guest *sg = g->sg;
	int rc = 0;

	if (sg->sigmap) {
		l->sigmap = sigmap_memfd(sg->sigmap, e);
		if (l->sigmap < 0)
			return l->sigmap;
	}
	if (sg->serial)
		rc = open_stream(g, SCENARIO_PORT_SERIAL, &l->serial, e);
	for (uint32_t i = 0; !rc && i < sg->n_ports; i++)
		rc = open_stream(g, sg->ports[i].name, &l->ports[i], e);
	for (uint32_t i = 0; !rc && i < sg->n_can; i++) {
		const struct scenario_bus *bus = &g->bench->s->buses[sg->can[i].bus];

		rc = open_can(bus, &can_fds[i], &l->can[i], e);
		l->can_echoes[i] = bus->socketcan_direct && canbus_interface_echoes(bus->socketcan);
	}
	for (uint32_t i = 0; !rc && i < sg->n_nets; i++)
		rc = nets_plug(g->bench->nets, g->index, i, &l->nets[i], e);
	if (!rc && sg->n_sounds)
		rc = audio_plug(&g->bench->audio, g->index, &l->sound, e);
	if (!rc && sg->vsock.enabled)
		rc = vsocks_plug(g->bench->vsocks, g->index, &l->vsock, e);
	if (!rc && sg->n_signals) {
		int pair[2];

		rc = ipc_pair(pair, 0);
		if (rc)
			return err_errno(e, -rc, "cannot make a socket for signals");
		g->signals_fd = pair[0];
		l->signals = pair[1];
	}
	for (uint32_t i = 0; !rc && i < sg->n_disks; i++) {
		l->disks[i].file = g->disk[i].fd;
		if (disk_is_nbd(&g->disk[i]))
			rc = disk_connect(&g->disk[i], l->disks[i].nbd, &l->disks[i].n_nbd, e);
	}
	for (uint32_t i = 0; !rc && i < sg->n_shares; i++)
		rc = share_open(&g->bench->services, sg->name, &sg->shares[i], &l->shares[i], e);
	for (uint32_t i = 0; !rc && i < sg->n_vhost_user; i++) {
		l->vhost_user[i] = vhost_user_connect(&sg->vhost_user[i], e);
		rc = MIN(l->vhost_user[i], 0);
	}
	if (rc)
		err_prefix(e, "guest %s", sg->name);
	return rc;
}

static int hand_over(struct guest *g, const struct lent *l, struct err *e)
{
	struct bench *b = g->bench;
	struct manifest_guest_fds in = { .kernel = g->kernel_fd,
		.initrd = g->initrd_fd,
		.kvm = b->kvm_fd,
		.sigmap = l->sigmap,
		.serial = l->serial,
		.display = g->display_fd,
		.vsock = l->vsock,
		.sound = l->sound,
		.signals = l->signals,
		.sound_wake = audio_wake_fd(&b->audio, g->index),
		.rings = audio_ring_fds(&b->audio, g->index),
		.can = l->can,
		.can_echoes = l->can_echoes,
		.nets = l->nets,
		.ports = l->ports,
		.disks = l->disks,
		.shares = l->shares,
		.vhost_user = l->vhost_user,
		.boot_options = g->boot_options };
	struct manifest_opts opts = { .sandbox = !b->opts.no_sandbox,
		.log_level = b->opts.log_level,
		.clock = &b->clock,
		.console_cols = b->console.guest == g ? b->console.cols : 0,
		.console_rows = b->console.guest == g ? b->console.rows : 0 };
	struct manifest_fds fds;
	json_t *m = manifest_vm(b->s, g->index, &in, &opts, &fds);
	int rc = json_msg_send_take(g->vm.sock, m, fds.fd, fds.n);

	return rc ? err_errno(e, -rc, "guest %s: cannot send dyno-vm its manifest", g->sg->name)
		  : 0;
}

int guest_start(struct guest *g, const char *program, int *can_fds, struct err *e)
{
	const char *argv[] = { program, NULL };
	struct lent l = { .sigmap = -1, .serial = -1, .vsock = -1, .sound = -1, .signals = -1 };
	int rc;

	memset(l.can, 0xff, sizeof(l.can));
	memset(l.nets, 0xff, sizeof(l.nets));
	memset(l.ports, 0xff, sizeof(l.ports));
	memset(l.shares, 0xff, sizeof(l.shares));
	memset(l.vhost_user, 0xff, sizeof(l.vhost_user));
	for (uint32_t i = 0; i < g->sg->n_can; i++)
		can_fds[i] = -1;
	child_init(&g->vm);
	g->vm.on_line = on_line;
	g->vm.on_readable = on_readable;
	g->vm.on_exit = on_exit_;
	g->vm.data = g;
	g->said_exit = g->ready = g->crashed = g->kill_wanted = false;
	g->exit_reason[0] = g->exit_text[0] = '\0';
	rc = child_spawn(&g->vm, g->bench->loop, argv, e);
	if (!rc) {
		rpc_init(&g->rpc, g->vm.sock);
		g->state = GUEST_STARTING;
		if (!g->spawned_ns)
			g->spawned_ns = g->vm.spawned_ns;
		rc = placement_guest(&g->bench->placement, g->sg, g->vm.pid, e);
	}
	if (!rc)
		rc = make_ends(g, &l, can_fds, e);
	if (!rc)
		rc = hand_over(g, &l, e);
	fd_close(&l.sigmap);
	fd_close(&l.serial);
	fd_close(&l.vsock);
	fd_close(&l.sound);
	fd_close(&l.signals);
	ipc_close_fds(l.can, SCENARIO_MAX_CAN);
	ipc_close_fds(l.nets, SCENARIO_MAX_NETS);
	ipc_close_fds(l.ports, GUEST_MAX_STREAMS);
	ipc_close_fds(l.shares, SCENARIO_MAX_SHARES);
	ipc_close_fds(l.vhost_user, SCENARIO_MAX_VHOST);
	for (uint32_t i = 0; i < g->sg->n_disks; i++)
		ipc_close_fds(l.disks[i].nbd, l.disks[i].n_nbd);
	fd_close(&g->display_fd);
	if (rc) {
		for (uint32_t i = 0; i < g->sg->n_can; i++)
			fd_close(&can_fds[i]);
		fd_close(&g->signals_fd);
		child_fini(&g->vm);
		end_streams(g);
		rpc_close(&g->rpc, "the guest could not be started");
		g->state = GUEST_ENDED;
	}
	return rc;
}

void guest_fini(struct guest *g)
{
	child_fini(&g->vm);
	for (uint32_t i = 0; i < g->n_streams; i++)
		stream_fini(&g->streams[i]);
	fd_close(&g->kernel_fd);
	free(g->boot_options);
	g->boot_options = NULL;
	fd_close(&g->initrd_fd);
	for (uint32_t i = 0; i < SCENARIO_MAX_DISKS; i++)
		disk_close(&g->disk[i]);
	fd_close(&g->display_fd);
	fd_close(&g->signals_fd);
	fd_close(&g->log_fd);
	if (g->ready_regex_ok)
		regfree(&g->ready_regex);
	g->ready_regex_ok = false;
	json_decref(g->memory);
	g->memory = NULL;
	json_decref(g->balloon);
	g->balloon = NULL;
}

void guest_request(struct guest *g, const char *op, rpc_done done, void *arg)
{
	rpc_call(&g->rpc, json_pack("{s:s}", "op", op), NULL, 0, done, arg);
}

void guest_utc(struct guest *g)
{
	json_t *q = manifest_utc(g->bench->s, &g->bench->clock, clock_now_ns());

	if (!q)
		return;
	json_object_set_new(q, "op", json_string("utc"));
	rpc_call(&g->rpc, q, NULL, 0, NULL, NULL);
}

void guest_input(struct guest *g, uint32_t display, enum input_kind kind,
	const struct input_event_rec *ev, uint32_t n, rpc_done done, void *arg)
{
	static const char *const kinds[INPUT_KINDS] = { "keyboard", "pointer", "touch" };
	json_t *events = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(events,
			json_pack("[i,i,i]", (int)ev[i].type, (int)ev[i].code, (int)ev[i].value));
	rpc_call(&g->rpc,
		json_pack("{s:s,s:i,s:s,s:o}", "op", "input", "scanout", (int)display, "kind",
			kinds[kind], "events", events),
		NULL, 0, done, arg);
}

void guest_link(struct guest *g, uint32_t net, bool up, rpc_done done, void *arg)
{
	rpc_call(&g->rpc, json_pack("{s:s,s:i,s:b}", "op", "link", "net", (int)net, "up", up), NULL,
		0, done, arg);
}

void guest_jack(struct guest *g, uint32_t stream, bool plugged, rpc_done done, void *arg)
{
	rpc_call(&g->rpc,
		json_pack("{s:s,s:i,s:b}", "op", "jack", "stream", (int)stream, "plugged", plugged),
		NULL, 0, done, arg);
}

void guest_throttle(struct guest *g, uint32_t percent, rpc_done done, void *arg)
{
	g->throttle_percent = percent < 100 ? percent : 0;
	if (percent < 100)
		term_event(&g->bench->term, "%s: gets %" PRIu32 "%% of its processors' time",
			g->sg->name, percent);
	else
		term_event(&g->bench->term, "%s: gets all of its processors' time", g->sg->name);
	send_throttle(g, done, arg);
}

struct balloon_call {
	struct guest *g;
	rpc_done done;
	void *arg;
};

static void balloon_answered(void *arg, const json_t *reply, const char *error)
{
	struct balloon_call *c = arg;

	if (!error) {
		json_decref(c->g->balloon);
		c->g->balloon = json_deep_copy(reply);
		json_object_del(c->g->balloon, "reply");
		json_object_del(c->g->balloon, "ok");
	}
	c->done(c->arg, reply, error);
	free(c);
}

void guest_balloon(struct guest *g, uint64_t target_bytes, rpc_done done, void *arg)
{
	struct balloon_call *c = malloc(sizeof(*c));
	json_t *q = json_pack("{s:s}", "op", "balloon");

	if (!c) {
		json_decref(q);
		done(arg, NULL, "out of memory");
		return;
	}
	*c = (struct balloon_call){ g, done, arg };
	if (target_bytes)
		json_object_set_new(q, "target_bytes", json_integer((json_int_t)target_bytes));
	rpc_call(&g->rpc, q, NULL, 0, balloon_answered, c);
}

void guest_console_size(struct guest *g, uint16_t cols, uint16_t rows, rpc_done done, void *arg)
{
	rpc_call(&g->rpc,
		json_pack("{s:s,s:i,s:i}", "op", "console-size", "cols", (int)cols, "rows",
			(int)rows),
		NULL, 0, done, arg);
}

void guest_kill(struct guest *g)
{
	g->kill_wanted = true;
	child_kill(&g->vm);
}
