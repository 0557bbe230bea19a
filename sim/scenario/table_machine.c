/* SPDX-License-Identifier: Apache-2.0 */
/* What runs and what it is wired to: the tables of guests and buses. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/platform.h"
#include "sim/scenario/units.h"

#define MIB (1024.0 * 1024)
/* Of files of the run that guests fill. */
#define LOG_MIN (64.0 * 1024)
#define LOG_MAX (1024 * 1024 * MIB)

/* --- buses ------------------------------------------------------------------------------- */

static const struct schema_word timing_words[] = {
	{ "ideal", SCENARIO_TIMING_IDEAL, "frames arrive at once" },
	{ "bit-accurate", SCENARIO_TIMING_BIT_ACCURATE,
		"each frame takes its true time at the bit rates, stuff bits included" },
	{ 0 },
};

static void bus_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario_bus *bus = obj;
	char a[UNIT_TEXT], c[UNIT_TEXT];

	if (bus->data_bitrate_hz < bus->bitrate_hz)
		bind_key_error(b, n, "data_bitrate", "%s is below the bus's bitrate %s",
			unit_show_bitrate(a, bus->data_bitrate_hz),
			unit_show_bitrate(c, bus->bitrate_hz));
	if (bus->socketcan && bus->timing == SCENARIO_TIMING_BIT_ACCURATE)
		bind_key_error(b, n, "timing", "of a host interface is the host's: leave it out");
}

void bus_must_be_ours(struct bind *b, const struct node *n, const char *key, uint32_t bus)
{
	const struct scenario_bus *sb = &load_of(b)->s.buses[bus];

	if (sb->socketcan_direct)
		bind_key_error(b, n, key,
			"is out of the bench's reach: the guests of \"%s\" are on its interface "
			"themselves (\"direct\")",
			sb->name);
}

static const struct schema_key bus_name = {
	.key = "name", .type = &type_name, .offset = offsetof(struct scenario_bus, name)
};

static const struct schema_key socketcan_keys[] = {
	{ .key = "interface",
		.type = &type_name,
		.flags = KEY_REQUIRED,
		.max = 15,
		.offset = offsetof(struct scenario_bus, socketcan),
		.doc = "the interface's name on the host" },
	{ .key = "create",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct scenario_bus, socketcan_create),
		.doc = "make a vcan of that name where the host has none (needs CAP_NET_ADMIN), "
		       "and remove it after the run" },
	{ .key = "direct",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct scenario_bus, socketcan_direct),
		.doc = "guests read and write the interface themselves, which takes half the time; "
		       "the bench is one more node there, which sends, records and checks, but does "
		       "not know which guest a frame is from, and cannot put faults between them" },
};

static const struct schema schema_socketcan = {
	.keys = socketcan_keys,
	.n_keys = ARRAY_SIZE(socketcan_keys),
	.short_key = "interface",
	.doc = "An interface of the host that takes part in the bus: a vcan, or hardware. It is "
	       "brought up where the user may.",
};

static const struct schema_key bus_keys[] = {
	{ .key = "bitrate",
		.type = &type_bitrate,
		.def = "500k",
		.min = 10e3,
		.max = 1e6,
		.offset = offsetof(struct scenario_bus, bitrate_hz),
		.doc = "nominal bit rate" },
	{ .key = "data_bitrate",
		.type = &type_bitrate,
		.def = "2M",
		.min = 10e3,
		.max = 8e6,
		.offset = offsetof(struct scenario_bus, data_bitrate_hz),
		.doc = "bit rate of the data phase of FD frames with BRS" },
	{ .key = "timing",
		.type = &type_enum,
		.def = "ideal",
		.words = timing_words,
		.offset = offsetof(struct scenario_bus, timing),
		.doc = "how long frames take" },
	{ .key = "fd",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_bus, fd),
		.doc = "whether the bus carries FD frames; where not, they are errors" },
	{ .key = "socketcan",
		.shape = SHAPE_INPLACE,
		.sub = &schema_socketcan,
		.doc = "host interface that takes part in the bus (`vcan0`)" },
	{ .key = "record",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_bus, record),
		.doc = "write every frame to OUT/NAME.log. A `direct` bus that is not recorded and that no "
		       "check, script or signal needs is not listened to at all, which is faster" },
	{ .key = "record_limit",
		.type = &type_size,
		.def = "4G",
		.min = LOG_MIN,
		.max = LOG_MAX,
		.offset = offsetof(struct scenario_bus, record_limit_bytes),
		.doc = "how large its recording, OUT/NAME.log, may become; later frames are still "
		       "seen by checks" },
};

const struct schema schema_bus = {
	.item = "bus",
	.size = sizeof(struct scenario_bus),
	.keys = bus_keys,
	.n_keys = ARRAY_SIZE(bus_keys),
	.map_key = &bus_name,
	.doc = "CAN buses, by name. A bus without keys (`can0:`) has the defaults.",
	.post = bus_post,
};

/* --- guests ------------------------------------------------------------------------------ */

static const struct schema_word can_words[] = {
	{ "classic", SCENARIO_CAN_CLASSIC, "classic frames" },
	{ "fd", SCENARIO_CAN_FD, "CAN FD frames" },
	{ "rtr", SCENARIO_CAN_RTR, "remote frames" },
	{ "late-tx-ack", SCENARIO_CAN_LATE_TX_ACK,
		"a send completes when the frame was on the bus, not when it was queued" },
	{ 0 },
};

const char *scenario_can_feature_name(unsigned int bit)
{
	return bit < SCENARIO_CAN_FEATURES ? can_words[bit].word : NULL;
}

static void can_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario_can *can = obj;

	if (!(can->features & (SCENARIO_CAN_CLASSIC | SCENARIO_CAN_FD)))
		bind_key_error(b, n, "features", "must have \"classic\" or \"fd\"");
}

static const struct schema_key can_keys[] = {
	{ .key = "bus",
		.type = &type_bus,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct scenario_can, bus),
		.doc = "the bus that the controller is on" },
	{ .key = "features",
		.type = &type_flags,
		.def = "classic, fd, rtr, late-tx-ack",
		.words = can_words,
		.offset = offsetof(struct scenario_can, features),
		.doc = "features that the controller offers the guest's driver" },
};

static const struct schema schema_can = {
	.size = sizeof(struct scenario_can),
	.keys = can_keys,
	.n_keys = ARRAY_SIZE(can_keys),
	.short_key = "bus",
	.doc = "One CAN controller. The guest sees them in the order of the list.",
	.post = can_post,
};

static const struct schema_word input_words[] = {
	{ "keyboard", 1u << INPUT_KEYBOARD, "keyboard" },
	{ "pointer", 1u << INPUT_POINTER, "absolute pointer with wheel and buttons" },
	{ "touch", 1u << INPUT_TOUCH, "multi-touch panel" },
	{ 0 },
};

static void display_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_display *d = obj;
	const struct node *x = node_get(n, "x"), *y = node_get(n, "y");

	d->placed = x && y;
	if (!x != !y)
		bind_key_error(b, n, x ? "x" : "y", "needs \"%s\" too", x ? "y" : "x");
}

static const struct schema_key display_keys[] = {
	{ .key = "title",
		.type = &type_string,
		.min = 1,
		.max = 64,
		.offset = offsetof(struct scenario_display, title),
		.doc = "title of the window and part of file names; without it the guest's name, with a "
		       "number where it has several displays" },
	{ .key = "width",
		.type = &type_u32,
		.def = "1280",
		.min = 64,
		.max = DISPLAY_MAX_SIDE,
		.unit = "pixels",
		.offset = offsetof(struct scenario_display, width),
		.doc = "preferred mode that the guest reads from the EDID" },
	{ .key = "height",
		.type = &type_u32,
		.def = "800",
		.min = 64,
		.max = DISPLAY_MAX_SIDE,
		.unit = "pixels",
		.offset = offsetof(struct scenario_display, height),
		.doc = "preferred mode" },
	{ .key = "x",
		.type = &type_i32,
		.min = -32768,
		.max = 32767,
		.unit = "pixels",
		.offset = offsetof(struct scenario_display, x),
		.doc = "place of the window on the desktop; with `y`" },
	{ .key = "y",
		.type = &type_i32,
		.min = -32768,
		.max = 32767,
		.unit = "pixels",
		.offset = offsetof(struct scenario_display, y),
		.doc = "place of the window on the desktop; with `x`" },
	{ .key = "input",
		.type = &type_flags,
		.words = input_words,
		.offset = offsetof(struct scenario_display, inputs),
		.doc = "input devices that belong to the display, each one a device of its own" },
};

static const struct schema schema_display = {
	.size = sizeof(struct scenario_display),
	.keys = display_keys,
	.n_keys = ARRAY_SIZE(display_keys),
	.doc = "One scanout of the guest's GPU.",
	.post = display_post,
};

static const struct schema_key port_keys[] = {
	{ .key = "name",
		.type = &type_name,
		.flags = KEY_REQUIRED,
		.offset = offsetof(struct scenario_port, name),
		.doc = "name that the guest and the checks see; its output goes to a log of that name" },
	{ .key = "console",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_port, console),
		.doc = "a terminal (`hvc0`); else a plain channel" },
};

static const struct schema schema_port = {
	.size = sizeof(struct scenario_port),
	.keys = port_keys,
	.n_keys = ARRAY_SIZE(port_keys),
	.short_key = "name",
	.doc = "One port of the guest's virtio console.",
};

/* Where it is known which images there are. */
static void check_image(struct bind *b, const struct node *n, const char *name)
{
	struct unit_near near = { .typed = name };

	if (!b->images)
		return;
	for (size_t i = 0; b->images[i]; i++) {
		if (strcmp(b->images[i], name) == 0)
			return;
		unit_near(&near, b->images[i]);
	}
	bind_error(b, n, "names no image that ships with Dyno: \"%.60s\"%s%s%s", name,
		near.best ? "; did you mean \"" : "", near.best ? near.best : "",
		near.best ? "\"?" : "");
}

static void parse_kernel(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_guest *g = b->obj;
	static const char prefix[] = "builtin:";

	(void)field;
	if (strncmp(n->text, prefix, sizeof(prefix) - 1) != 0) {
		g->kernel = bind_file(b, n, n->text);
		return;
	}
	struct node name = *n;

	name.text += sizeof(prefix) - 1;
	type_name.parse(b, &name, k, &g->builtin);
	if (g->builtin)
		check_image(b, n, g->builtin);
}

static const struct schema_type type_kernel = {
	.name = "image",
	.doc = "A path to a Linux bzImage or to an ELF file with a PVH note, relative to the "
	       "scenario file, or `builtin:NAME` for an image that ships with Dyno (`builtin:cluster`, `builtin:ivi`).",
	.parse = parse_kernel,
};

static void parse_signals(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_guest *g = b->obj;

	type_file.parse(b, n, k, field);
	if (g->sigmap_path)
		g->sigmap = refs_sigmap(b, n, g->sigmap_path);
}
static const struct schema_type type_signals = {
	.name = "signal map",
	.doc = "A path to a signal map (docs/signal-maps.md), relative to the scenario file.",
	.parse = parse_signals,
};

static const struct schema_word restart_words[] = {
	{ "never", SCENARIO_RESTART_NEVER, "it stays down" },
	{ "on-crash", SCENARIO_RESTART_ON_CRASH, "it starts again after a crash" },
	{ "always", SCENARIO_RESTART_ALWAYS, "it starts again after a power-off too" },
	{ 0 },
};

static const struct schema_word transport_words[] = {
	{ "pci", 0, "virtio-pci" },
	{ "mmio", 1,
		"virtio-mmio, for kernels without PCI: the devices are on the command line "
		"(`virtio_mmio.device=`), and there is no PCI" },
	{ 0 },
};

static bool guest_has_bus(
	const struct scenario *s, const struct scenario_guest *g, const char *name)
{
	for (uint32_t i = 0; i < g->n_can; i++) {
		if (strcmp(s->buses[g->can[i].bus].name, name) == 0)
			return true;
	}
	return false;
}

/* A guest cannot show what comes from a bus that it is not on. */
static void check_map_buses(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	const struct sigmap *m = g->sigmap;
	const struct node *v = node_get(n, "signals");

	for (uint32_t i = 0; m && v && i < m->hdr.count; i++) {
		bool before = false;

		for (uint32_t j = 0; j < i && !before; j++)
			before = strcmp(m->e[j].bus, m->e[i].bus) == 0;
		if (!before && !guest_has_bus(&load_of(b)->s, g, m->e[i].bus)) {
			bind_warn(b, v,
				"the signal map uses bus \"%s\" (line %u there), but the guest has no "
				"controller on it",
				m->e[i].bus, m->lines[i]);
		}
	}
}

static void check_unique(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	for (uint32_t i = 1; i < g->n_can; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (g->can[i].bus == g->can[j].bus)
				bind_key_error(b, n, "can", "has two controllers on one bus");
		}
	}
	for (uint32_t i = 1; i < g->n_ports; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(g->ports[i].name, g->ports[j].name) == 0)
				bind_key_error(b, n, "ports", "has two ports named \"%s\"",
					g->ports[i].name);
		}
	}
	for (uint32_t i = 0; g->serial && i < g->n_ports; i++) {
		if (strcmp(g->ports[i].name, SCENARIO_PORT_SERIAL) == 0)
			bind_key_error(b, n, "ports",
				"has one named \"%s\": that is what COM1 is called",
				SCENARIO_PORT_SERIAL);
	}
	for (uint32_t i = 1; i < g->n_displays; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(g->displays[i].title, g->displays[j].title) == 0)
				bind_key_error(b, n, "displays", "has two titled \"%s\"",
					g->displays[i].title);
		}
	}
}

static void guest_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_guest *g = obj;
	struct scenario_input *in = bind_alloc(b, sizeof(*in) * g->n_displays * INPUT_KINDS);
	struct scenario_display *d = bind_alloc(b, sizeof(*d) * g->n_displays);

	if (!in || !d)
		return;
	if (!g->name)
		return; /* not a name: it was reported */
	if (strcmp(g->name, "all") == 0)
		bind_item_error(b, n, "\"all\" stands for every guest and cannot be a name");
	for (uint32_t i = 0; i < g->n_displays; i++) {
		d[i] = g->displays[i];
		if (!d[i].title)
			d[i].title =
				g->n_displays == 1 ? g->name : bind_printf(b, "%s %u", g->name, i);
		for (unsigned int kind = 0; kind < INPUT_KINDS; kind++) {
			if (d[i].inputs & 1u << kind)
				in[g->n_inputs++] =
					(struct scenario_input){ .kind = kind, .display = i };
		}
		if (!d[i].title)
			return;
	}
	g->displays = d;
	g->inputs = in;
	gnss_port(b, n, g);
	boot_check(b, n, g);
	check_unique(b, n, g);
	check_map_buses(b, n, g);
	balloon_check(b, n, g);
	shares_check(b, n, g);
	platform_check(b, n, g);
	placement_check(b, n, g);
	sensors_check(b, n, g);
	feeds_take(b, g);
}

static const struct schema_key guest_name = {
	.key = "name", .type = &type_name, .offset = offsetof(struct scenario_guest, name)
};

static const struct schema_key guest_keys[] = {
	{ .key = "kernel",
		.type = &type_kernel,
		.doc = "what it boots; without it the first of its `disks`" },
	{ .key = "boot", .shape = SHAPE_INPLACE, .sub = &schema_boot, .doc = "boot from a disk" },
	{ .key = "initrd",
		.type = &type_file,
		.offset = offsetof(struct scenario_guest, initrd),
		.doc = "initial RAM disk of a Linux kernel, relative to the scenario file" },
	{ .key = "cmdline",
		.type = &type_string,
		.def = "",
		.max = 2000,
		.offset = offsetof(struct scenario_guest, cmdline),
		.doc = "command line; the bench adds `can=NAME,...`, the buses of its controllers in order" },
	{ .key = "memory",
		.type = &type_size,
		.def = "64M",
		.min = 4 * MIB,
		.max = 64 * 1024 * MIB,
		.offset = offsetof(struct scenario_guest, memory_bytes),
		.doc = "RAM" },
	{ .key = "cpus",
		.type = &type_u32,
		.def = "1",
		.min = 1,
		.max = 8,
		.unit = "CPUs",
		.offset = offsetof(struct scenario_guest, cpus),
		.doc = "virtual CPUs" },
	{ .key = "huge_pages",
		.type = &type_enum,
		.def = "transparent",
		.words = words_huge_pages,
		.offset = offsetof(struct scenario_guest, huge_pages),
		.doc = "the host's pages behind its RAM" },
	{ .key = "placement",
		.shape = SHAPE_INPLACE,
		.sub = &schema_placement,
		.doc = "where its process runs on the host" },
	{ .key = "sandbox",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_guest, sandbox),
		.doc = "narrow the rights of the guest's process; off only to debug it" },
	{ .key = "can",
		.shape = SHAPE_LIST,
		.sub = &schema_can,
		.max = SCENARIO_MAX_CAN,
		.offset = offsetof(struct scenario_guest, can),
		.count = offsetof(struct scenario_guest, n_can),
		.doc = "its CAN controllers" },
	{ .key = "nets",
		.shape = SHAPE_LIST,
		.sub = &schema_net,
		.max = SCENARIO_MAX_NETS,
		.offset = offsetof(struct scenario_guest, nets),
		.count = offsetof(struct scenario_guest, n_nets),
		.doc = "its network cards" },
	{ .key = "i2c",
		.shape = SHAPE_LIST,
		.sub = &schema_chip,
		.max = I2C_MAX_CHIPS,
		.offset = offsetof(struct scenario_guest, chips),
		.count = offsetof(struct scenario_guest, n_chips),
		.doc = "sensor chips on its I2C bus; without any it has no such bus" },
	{ .key = "gpio",
		.shape = SHAPE_LIST,
		.sub = &schema_line,
		.max = SCENARIO_MAX_LINES,
		.offset = offsetof(struct scenario_guest, lines),
		.count = offsetof(struct scenario_guest, n_lines),
		.doc = "lines of its GPIO controller; without any it has none" },
	{ .key = "signals",
		.type = &type_signals,
		.offset = offsetof(struct scenario_guest, sigmap_path),
		.doc = "which frame carries what, handed to the guest as a module" },
	{ .key = "displays",
		.shape = SHAPE_LIST,
		.sub = &schema_display,
		.max = DISPLAY_MAX_SCANOUTS,
		.offset = offsetof(struct scenario_guest, displays),
		.count = offsetof(struct scenario_guest, n_displays),
		.doc = "its displays; without any it has no GPU" },
	{ .key = "ports",
		.shape = SHAPE_LIST,
		.sub = &schema_port,
		.def = "hvc0",
		.max = SCENARIO_MAX_PORTS,
		.offset = offsetof(struct scenario_guest, ports),
		.count = offsetof(struct scenario_guest, n_ports),
		.doc = "ports of its virtio console; `[]` for no such device" },
	{ .key = "disks",
		.shape = SHAPE_LIST,
		.sub = &schema_disk,
		.max = SCENARIO_MAX_DISKS,
		.offset = offsetof(struct scenario_guest, disks),
		.count = offsetof(struct scenario_guest, n_disks),
		.doc = "its disks" },
	{ .key = "shares",
		.shape = SHAPE_LIST,
		.sub = &schema_share,
		.max = SCENARIO_MAX_SHARES,
		.offset = offsetof(struct scenario_guest, shares),
		.count = offsetof(struct scenario_guest, n_shares),
		.doc = "folders of the host that it can mount" },
	{ .key = "vhost_user",
		.shape = SHAPE_LIST,
		.sub = &schema_vhost_user,
		.max = SCENARIO_MAX_VHOST,
		.offset = offsetof(struct scenario_guest, vhost_user),
		.count = offsetof(struct scenario_guest, n_vhost_user),
		.doc = "devices that other programs serve" },
	{ .key = "serial",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_guest, serial),
		.doc = "keep what it writes to COM1; checks call that port `serial`" },
	{ .key = "rng",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_guest, rng),
		.doc = "give it an entropy device" },
	{ .key = "rtc",
		.type = &type_bool,
		.def = "false",
		.offset = offsetof(struct scenario_guest, rtc),
		.doc = "give it a virtio clock beside the one of every PC: UTC with an alarm, TAI, monotonic" },
	{ .key = "transport",
		.type = &type_enum,
		.def = "pci",
		.words = transport_words,
		.offset = offsetof(struct scenario_guest, mmio),
		.doc = "how it finds its devices" },
	{ .key = "balloon",
		.shape = SHAPE_INPLACE,
		.sub = &schema_balloon,
		.doc = "give it a memory balloon" },
	{ .key = "gnss",
		.shape = SHAPE_INPLACE,
		.sub = &schema_gnss,
		.doc = "give it a satellite receiver" },
	{ .key = "sound",
		.shape = SHAPE_MAP,
		.sub = &schema_sound,
		.max = SCENARIO_MAX_SOUNDS,
		.offset = offsetof(struct scenario_guest, sounds),
		.count = offsetof(struct scenario_guest, n_sounds),
		.doc = "streams of its sound card; without any it has none" },
	{ .key = "vsock",
		.shape = SHAPE_INPLACE,
		.sub = &schema_vsock,
		.doc = "give it a socket device" },
	{ .key = "ready",
		.type = &type_regex,
		.def = "^READY\\b",
		.offset = offsetof(struct scenario_guest, ready),
		.doc = "console line by which it says that it is up" },
	{ .key = "log_limit",
		.type = &type_size,
		.def = "64M",
		.min = LOG_MIN,
		.max = LOG_MAX,
		.offset = offsetof(struct scenario_guest, log_limit_bytes),
		.doc = "how large the log of its consoles, OUT/NAME.log, may become; later lines are "
		       "still seen by checks" },
	{ .key = "on_panic",
		.type = &type_enum,
		.def = "stop",
		.words = words_on_panic,
		.offset = offsetof(struct scenario_guest, on_panic),
		.doc = "what follows when its operating system reports (pvpanic) that it failed; that is a "
		       "crash in any case" },
	{ .key = "watchdog",
		.type = &type_enum,
		.def = "off",
		.words = words_watchdog,
		.offset = offsetof(struct scenario_guest, watchdog),
		.doc = "give it a watchdog (i6300esb), and what follows when that fires; that is a crash in "
		       "any case. It stands while the guest is paused" },
	{ .key = "restart",
		.type = &type_enum,
		.def = "never",
		.words = restart_words,
		.offset = offsetof(struct scenario_guest, restart),
		.doc = "what happens when it ends" },
	{ .key = "max_restarts",
		.type = &type_u32,
		.def = "3",
		.max = 1000,
		.unit = "restarts",
		.offset = offsetof(struct scenario_guest, max_restarts),
		.doc = "after that many it stays down" },
	{ .key = "no_crash",
		.type = &type_bool,
		.def = "true",
		.offset = offsetof(struct scenario_guest, no_crash),
		.doc = "add a `no_crash` check for it" },
};

const struct schema schema_guest = {
	.item = "guest",
	.size = sizeof(struct scenario_guest),
	.keys = guest_keys,
	.n_keys = ARRAY_SIZE(guest_keys),
	.map_key = &guest_name,
	.doc = "Virtual machines, by name. They start together.",
	.post = guest_post,
};
