/* SPDX-License-Identifier: Apache-2.0 */
/* Scenario -> manifests. */
#include "sim/bench/manifest.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const char *const input_names[INPUT_KINDS] = { "keyboard", "pointer", "touch" };

json_t *manifest_fd_index(struct manifest_fds *out, int fd)
{
	if (out->n == sizeof(out->fd) / sizeof(out->fd[0]))
		return NULL;
	out->fd[out->n] = fd;
	return json_integer((json_int_t)out->n++);
}

static json_t *fd_object(struct manifest_fds *out, int fd)
{
	return json_pack("{s:o}", "fd", manifest_fd_index(out, fd));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Those of its boot entry, the guest's own words, and the names of its CAN devices in their order.
 */
static void command_line(const struct scenario *s, const struct scenario_guest *g, const char *boot,
	char *buf, size_t cap)
{
	size_t at = (size_t)snprintf(buf, cap, "%s%s%s", boot ? boot : "",
		boot && boot[0] && g->cmdline[0] ? " " : "", g->cmdline);

	for (uint32_t i = 0; i < g->n_can && at < cap; i++)
		at += (size_t)snprintf(buf + at, cap - at, "%s%s",
			i ? "," : (at ? " can=" : "can="), s->buses[g->can[i].bus].name);
}

static json_t *can_device(const struct scenario *s, const struct scenario_can *c, int fd,
	bool echoes, struct manifest_fds *out)
{
	json_t *features = json_array();

	for (unsigned int bit = 0; bit < SCENARIO_CAN_FEATURES; bit++) {
		if (c->features & (1u << bit))
			json_array_append_new(
				features, json_string(scenario_can_feature_name(bit)));
	}
	return json_pack("{s:s,s:s,s:o,s:b,s:b,s:o}", "type", "can", "name", s->buses[c->bus].name,
		"fd", manifest_fd_index(out, fd), "socketcan", s->buses[c->bus].socketcan_direct,
		"echoes", echoes, "features", features);
}

/* Without an address of its own: a local one, made of both numbers. */
static json_t *net_device(
	const struct scenario *s, uint32_t guest, uint32_t i, int fd, struct manifest_fds *out)
{
	const struct scenario_net *c = &s->guests[guest].nets[i];
	const struct scenario_network *net = &s->networks[c->network];
	const uint8_t *m =
		c->mac.given ? c->mac.b
			     : (const uint8_t[]){ 0x02, 'D', 'y', 0, (uint8_t)guest, (uint8_t)i };
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		m[5]);
	return json_pack("{s:s,s:o,s:b,s:s,s:i,s:i}", "type", "net", "fd",
		manifest_fd_index(out, fd), "tap", net->type == SCENARIO_NETWORK_TAP, "mac", mac,
		"mtu", (int)net->mtu, "queues", (int)c->queues);
}

/* A terminal has a size: without one of its own that of old, so that it can change later. */
static json_t *console_device(const struct scenario_guest *g, const int *fds,
	const struct manifest_opts *opts, struct manifest_fds *out)
{
	bool sized = opts->console_cols && opts->console_rows;
	json_t *ports = json_array();

	for (uint32_t i = 0; i < g->n_ports; i++)
		json_array_append_new(
			ports, json_pack("{s:s,s:b,s:o}", "name", g->ports[i].name, "console",
				       g->ports[i].console, "fd", manifest_fd_index(out, fds[i])));
	return json_pack("{s:s,s:i,s:i,s:o}", "type", "console", "cols",
		sized ? (int)opts->console_cols : 80, "rows", sized ? (int)opts->console_rows : 24,
		"ports", ports);
}

static json_t *gpu_device(const struct scenario_guest *g)
{
	json_t *scanouts = json_array();

	for (uint32_t i = 0; i < g->n_displays; i++)
		json_array_append_new(scanouts,
			json_pack("{s:i,s:i,s:s}", "width", (int)g->displays[i].width, "height",
				(int)g->displays[i].height, "name", g->displays[i].title));
	return json_pack("{s:s,s:o}", "type", "gpu", "scanouts", scanouts);
}

static json_t *nbd_object(const struct scenario_disk *d, const struct manifest_disk_fds *fds,
	struct manifest_fds *out)
{
	struct disk_uri u = { .export_name = "" };
	json_t *sockets = json_array();

	/* It was understood when the disk was opened. */
	if (d->uri && disk_uri_parse(&u, d->uri, NULL) < 0)
		return NULL;
	for (unsigned int i = 0; i < fds->n_nbd; i++)
		json_array_append_new(sockets, fd_object(out, fds->nbd[i]));
	return json_pack("{s:s,s:o}", "export", u.export_name, "sockets", sockets);
}

static json_t *disk_device(const struct scenario_disk *d, const struct manifest_disk_fds *fds,
	struct manifest_fds *out)
{
	json_t *o = json_pack("{s:s,s:b,s:i}", "type", "blk", "read_only", d->read_only, "queues",
		(int)d->queues);

	if (o && fds->n_nbd)
		json_object_set_new(o, "nbd", nbd_object(d, fds, out));
	else if (o)
		json_object_set_new(o, "fd", manifest_fd_index(out, fds->file));
	if (o && d->serial)
		json_object_set_new(o, "serial", json_string(d->serial));
	if (o && d->overlay == SCENARIO_OVERLAY_MEMORY) {
		json_object_set_new(o, "overlay", json_string("memory"));
		json_object_set_new(
			o, "overlay_bytes", json_integer((json_int_t)d->overlay_limit_bytes));
	}
	return o;
}

/* What is special about the machine itself. */
static void machine_keys(const struct scenario_guest *g, json_t *m)
{
	static const char *const on_panic[] = {
		[SCENARIO_PANIC_STOP] = "stop",
		[SCENARIO_PANIC_RESET] = "reset",
		[SCENARIO_PANIC_PAUSE] = "pause",
	};

	static const char *const watchdog[] = {
		[SCENARIO_WATCHDOG_NONE] = "none",
		[SCENARIO_WATCHDOG_RESET] = "reset",
		[SCENARIO_WATCHDOG_POWER_OFF] = "power-off",
		[SCENARIO_WATCHDOG_PAUSE] = "pause",
	};

	static const char *const huge_pages[] = {
		[SCENARIO_HUGE_TRANSPARENT] = "transparent",
		[SCENARIO_HUGE_2M] = "2M",
		[SCENARIO_HUGE_1G] = "1G",
	};

	if (g->huge_pages != SCENARIO_HUGE_OFF)
		json_object_set_new(m, "huge_pages", json_string(huge_pages[g->huge_pages]));
	json_object_set_new(m, "on_panic", json_string(on_panic[g->on_panic]));
	if (g->watchdog != SCENARIO_WATCHDOG_OFF)
		json_object_set_new(m, "watchdog", json_string(watchdog[g->watchdog]));
}

json_t *manifest_utc(const struct scenario *s, const struct bench_clock *clock, uint64_t host_ns)
{
	int64_t t = s->utc.start_ns + (int64_t)bench_clock_at(clock, host_ns);

	return s->utc.given ? json_pack("{s:I,s:I,s:b}", "utc_ns", (json_int_t)t, "host_ns",
				      (json_int_t)host_ns, "runs", bench_clock_running(clock))
			    : NULL;
}

static json_t *sound_device(const struct scenario_guest *g, const struct manifest_guest_fds *in,
	struct manifest_fds *out)
{
	json_t *streams = json_array();

	for (uint32_t i = 0; i < g->n_sounds; i++)
		json_array_append_new(streams,
			json_pack("{s:s,s:i,s:b,s:o}", "direction",
				g->sounds[i].capture ? "capture" : "play", "channels",
				(int)g->sounds[i].channels, "plugged", g->sounds[i].plugged, "ring",
				fd_object(out, in->rings[i])));
	return json_pack("{s:s,s:o,s:o,s:o}", "type", "snd", "fd",
		manifest_fd_index(out, in->sound), "wake", fd_object(out, in->sound_wake),
		"streams", streams);
}

json_t *manifest_vm(const struct scenario *s, uint32_t guest, const struct manifest_guest_fds *in,
	const struct manifest_opts *opts, struct manifest_fds *out)
{
	const struct scenario_guest *g = &s->guests[guest];
	json_t *devices = json_array(), *modules = json_array(), *m;
	const char *kernel = g->builtin ? g->builtin : g->kernel;
	char cmdline[2 * 2048 + 64];

	if (g->boot_from_disk)
		kernel = disk_name(&g->disks[g->boot_disk]);
	out->n = 0;
	command_line(s, g, in->boot_options, cmdline, sizeof(cmdline));
	m = json_pack("{s:i,s:s,s:I,s:i,s:b,s:s,s:s,s:o,s:o,s:{s:o,s:s}}", "manifest", 1, "name",
		g->name, "memory_bytes", (json_int_t)g->memory_bytes, "cpus", (int)g->cpus,
		"sandbox", g->sandbox && opts->sandbox, "log_level", opts->log_level, "cmdline",
		cmdline, "devices", devices, "modules", modules, "kernel", "fd",
		manifest_fd_index(out, in->kernel), "name", base_name(kernel));
	if (!m)
		return NULL;
	if (g->mmio)
		json_object_set_new(m, "transport", json_string("mmio"));
	machine_keys(g, m);
	if (s->utc.given)
		json_object_set_new(m, "utc", manifest_utc(s, opts->clock, clock_now_ns()));
	if (in->initrd >= 0)
		json_object_set_new(m, "initrd", fd_object(out, in->initrd));
	if (in->kvm >= 0)
		json_object_set_new(m, "kvm", fd_object(out, in->kvm));
	if (in->serial >= 0)
		json_object_set_new(m, "serial", fd_object(out, in->serial));
	if (in->display >= 0)
		json_object_set_new(m, "display", fd_object(out, in->display));
	manifest_signals(s, g, in->signals, m, out);
	if (in->sigmap >= 0)
		json_array_append_new(
			modules, json_pack("{s:o,s:s}", "fd", manifest_fd_index(out, in->sigmap),
					 "cmdline", "sigmap"));
	for (uint32_t i = 0; i < g->n_can; i++)
		json_array_append_new(devices, can_device(s, &g->can[i], in->can[i],
						       in->can_echoes && in->can_echoes[i], out));
	if (g->rtc)
		json_array_append_new(devices, json_pack("{s:s}", "type", "rtc"));
	if (g->rng)
		json_array_append_new(devices, json_pack("{s:s}", "type", "rng"));
	if (g->n_ports)
		json_array_append_new(devices, console_device(g, in->ports, opts, out));
	if (g->n_displays)
		json_array_append_new(devices, gpu_device(g));
	for (uint32_t i = 0; i < g->n_disks; i++)
		json_array_append_new(devices, disk_device(&g->disks[i], &in->disks[i], out));
	for (uint32_t i = 0; i < g->n_inputs; i++)
		json_array_append_new(devices, json_pack("{s:s,s:s,s:i}", "type", "input", "kind",
						       input_names[g->inputs[i].kind], "scanout",
						       (int)g->inputs[i].display));
	if (g->balloon.enabled)
		json_array_append_new(devices,
			json_pack("{s:s,s:I,s:b,s:b}", "type", "balloon", "target_bytes",
				(json_int_t)(g->balloon.target_bytes ? g->balloon.target_bytes
								     : g->memory_bytes),
				"reporting", g->balloon.reporting, "deflate_on_oom",
				g->balloon.deflate_on_oom));
	for (uint32_t i = 0; i < g->n_nets; i++)
		json_array_append_new(devices, net_device(s, guest, i, in->nets[i], out));
	if (g->n_sounds)
		json_array_append_new(devices, sound_device(g, in, out));
	if (g->vsock.enabled)
		json_array_append_new(devices, json_pack("{s:s,s:I,s:o}", "type", "vsock", "cid",
						       (json_int_t)scenario_vsock_cid(s, guest),
						       "fd", manifest_fd_index(out, in->vsock)));
	manifest_sensors(g, devices);
	manifest_files(g, in, devices, out);
	return m;
}

static json_t *ui_display(const struct scenario_guest *g, uint32_t d)
{
	const struct scenario_display *sd = &g->displays[d];
	json_t *inputs = json_array();
	json_t *o = json_pack("{s:s,s:i,s:i,s:o}", "title", sd->title, "width", (int)sd->width,
		"height", (int)sd->height, "inputs", inputs);

	if (o && sd->placed) {
		json_object_set_new(o, "x", json_integer(sd->x));
		json_object_set_new(o, "y", json_integer(sd->y));
	}
	for (uint32_t i = 0; i < g->n_inputs; i++) {
		if (g->inputs[i].display == d)
			json_array_append_new(inputs, json_string(input_names[g->inputs[i].kind]));
	}
	return o;
}

json_t *manifest_ui(const struct scenario *s, bool windows, const int *display,
	const struct manifest_opts *opts, struct manifest_fds *out)
{
	json_t *guests = json_array();

	out->n = 0;
	for (uint32_t i = 0; i < s->n_guests; i++) {
		const struct scenario_guest *g = &s->guests[i];
		json_t *displays;

		if (display[i] < 0)
			continue;
		displays = json_array();
		for (uint32_t d = 0; d < g->n_displays; d++)
			json_array_append_new(displays, ui_display(g, d));
		json_array_append_new(
			guests, json_pack("{s:s,s:o,s:o}", "name", g->name, "fd",
					manifest_fd_index(out, display[i]), "displays", displays));
	}
	return json_pack("{s:i,s:s,s:s,s:o}", "manifest", 1, "backend",
		windows ? "sdl" : "headless", "log_level", opts->log_level, "guests", guests);
}

void manifest_panel(json_t *manifest, int spec, int signals, struct manifest_fds *out)
{
	json_t *o = json_pack("{s:o}", "fd", manifest_fd_index(out, spec));

	if (signals >= 0)
		json_object_set_new(o, "signals", manifest_fd_index(out, signals));
	json_object_set_new(manifest, "panel", o);
}
