/* SPDX-License-Identifier: Apache-2.0 */
/* Timed actions: the tables of what can happen at a time. */
#include <stdio.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

#define A(field) offsetof(struct scenario_action, field)

static const struct scenario_guest *guest_of(struct bind *b, const struct scenario_action *a)
{
	return &load_of(b)->s.guests[a->guest];
}

void load_imply(struct bind *b, const struct scenario_action *act)
{
	struct load *l = load_of(b);
	struct load_action *x = bind_alloc(b, sizeof(*x));

	if (!x)
		return;
	x->act = *act;
	x->next = l->implied;
	l->implied = x;
	l->n_implied++;
}

void load_imply_end(
	struct bind *b, struct scenario_action end, enum scenario_op op, uint64_t for_ns)
{
	end.op = op; /* is written into the action later */
	end.at_ns += for_ns;
	load_imply(b, &end);
}

const char *load_imply_picture(struct bind *b, uint64_t at_ns, uint32_t guest, uint32_t display)
{
	char text[UNIT_TEXT];
	struct scenario_action a = {
		.at_ns = at_ns, .op = SCENARIO_SCREENSHOT, .guest = guest, .display = display
	};

	for (struct load_action *x = load_of(b)->implied; x; x = x->next) {
		if (x->act.op == SCENARIO_SCREENSHOT && x->act.at_ns == at_ns &&
			x->act.guest == guest && x->act.display == display)
			return x->act.u.screenshot.checkpoint;
	}
	a.u.screenshot.checkpoint = bind_printf(b, "at-%s", unit_show_duration(text, at_ns));
	load_imply(b, &a);
	return a.u.screenshot.checkpoint;
}

/* --- keys and touches -------------------------------------------------------------------- */

/* The display named, and that it has the input device that is needed. */
static bool input_display(struct bind *b, const struct node *n, struct scenario_action *a,
	enum input_kind kind, const char *kind_name)
{
	const struct scenario_guest *g = guest_of(b, a);

	if (!node_get(n, "display")) {
		/* The only display that has such a device will do. */
		uint32_t found = 0;

		for (uint32_t i = 0; i < g->n_displays; i++) {
			if (g->displays[i].inputs & 1u << kind) {
				a->display = i;
				found++;
			}
		}
		if (found == 1)
			return true;
		if (found == 0) {
			bind_error(b, n,
				"needs a display with `input: [%s]`; guest \"%s\" has none",
				kind_name, g->name);
			return false;
		}
	}
	if (!refs_display(b, n, a->guest, false, &a->display))
		return false;
	if (g->displays[a->display].inputs & 1u << kind)
		return true;
	bind_key_error(b, n, "display", "%u of guest \"%s\" has no %s: add it to its `input`",
		a->display, g->name, kind_name);
	return false;
}

/* A point on the display; the message points at the value of `key`. */
static void check_point(struct bind *b, const struct node *n, const char *key,
	const struct scenario_action *a, struct scenario_point p)
{
	const struct scenario_display *d = &guest_of(b, a)->displays[a->display];

	if (p.x < 0 || p.y < 0 || (uint32_t)p.x >= d->width || (uint32_t)p.y >= d->height)
		bind_key_error(b, n, key, "is at %d, %d, outside of the display's %u x %u pixels",
			p.x, p.y, d->width, d->height);
}

static void key_post(struct bind *b, const struct node *n, void *obj)
{
	(void)input_display(b, n, obj, INPUT_KEYBOARD, "keyboard");
}

static void touch_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;

	if (!input_display(b, n, a, INPUT_TOUCH, "touch"))
		return;
	if (!node_get(n, "to"))
		a->u.touch.to = a->u.touch.from;
	else
		check_point(b, n, "to", a, a->u.touch.to);
	check_point(b, n, "x", a, a->u.touch.from);
}

static void pointer_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const struct node *x = node_get(n, "x"), *y = node_get(n, "y");

	if (!input_display(b, n, a, INPUT_POINTER, "pointer"))
		return;
	a->u.pointer.move = x && y;
	if (!x != !y)
		bind_key_error(b, n, x ? "x" : "y", "needs \"%s\" too", x ? "y" : "x");
	else if (a->u.pointer.move)
		check_point(b, n, "x", a, a->u.pointer.at);
	else if (!a->u.pointer.button && !a->u.pointer.wheel)
		bind_error(b, n, "does nothing: give it x and y, a button or the wheel");
}

#define GUEST_KEY                                                                           \
	{                                                                                   \
		.key = "guest", .type = &type_guest, .flags = KEY_ONLY, .offset = A(guest), \
		.doc = "which guest"                                                        \
	}
#define DISPLAY_KEY                                                                       \
	{                                                                                 \
		.key = "display", .type = &type_display,                                  \
		.doc = "which display; without it the only one with such an input device" \
	}
#define HOLD_KEY(field, text, what)                                                          \
	{                                                                                    \
		.key = "hold", .type = &type_duration, .def = (text), .min = 0, .max = 60e9, \
		.offset = A(field), .doc = (what)                                            \
	}

static const struct schema_key key_keys[] = {
	GUEST_KEY,
	DISPLAY_KEY,
	{ .key = "key",
		.type = &type_key,
		.flags = KEY_REQUIRED,
		.offset = A(u.key.code),
		.doc = "which key" },
	HOLD_KEY(u.key.hold_ns, "50ms", "time from press to release"),
};
static const struct schema schema_key_op = {
	.keys = key_keys,
	.n_keys = ARRAY_SIZE(key_keys),
	.short_key = "key",
	.doc = "Presses and releases a key of the guest's keyboard.",
	.post = key_post,
};

static const struct schema_key touch_keys[] = {
	GUEST_KEY,
	DISPLAY_KEY,
	{ .key = "x",
		.type = &type_i32,
		.flags = KEY_REQUIRED,
		.offset = A(u.touch.from.x),
		.unit = "pixels",
		.doc = "where the finger goes down, in pixels of the display's own resolution" },
	{ .key = "y",
		.type = &type_i32,
		.flags = KEY_REQUIRED,
		.offset = A(u.touch.from.y),
		.unit = "pixels",
		.doc = "where the finger goes down" },
	{ .key = "to",
		.type = &type_point,
		.offset = A(u.touch.to),
		.doc = "where it is lifted: a swipe, moving evenly during `hold`" },
	HOLD_KEY(u.touch.hold_ns, "80ms", "time from down to up"),
	{ .key = "slot",
		.type = &type_u32,
		.def = "0",
		.max = 9,
		.offset = A(u.touch.slot),
		.doc = "which finger, where several are down at a time" },
};
static const struct schema schema_touch = {
	.keys = touch_keys,
	.n_keys = ARRAY_SIZE(touch_keys),
	.doc = "Touches the panel of a display: a tap, or a swipe with `to`.",
	.post = touch_post,
};

static const struct schema_key pointer_keys[] = {
	GUEST_KEY,
	DISPLAY_KEY,
	{ .key = "x",
		.type = &type_i32,
		.offset = A(u.pointer.at.x),
		.unit = "pixels",
		.doc = "moves there first; with `y`" },
	{ .key = "y",
		.type = &type_i32,
		.offset = A(u.pointer.at.y),
		.unit = "pixels",
		.doc = "with `x`" },
	{ .key = "button",
		.type = &type_button,
		.offset = A(u.pointer.button),
		.doc = "clicks it" },
	{ .key = "wheel",
		.type = &type_i32,
		.min = -100,
		.max = 100,
		.unit = "notches",
		.offset = A(u.pointer.wheel),
		.doc = "turns the wheel; positive is away from the user" },
	HOLD_KEY(u.pointer.hold_ns, "50ms", "time from press to release of the button"),
};
static const struct schema schema_pointer = {
	.keys = pointer_keys,
	.n_keys = ARRAY_SIZE(pointer_keys),
	.doc = "Moves the pointer of a display, clicks, turns the wheel.",
	.post = pointer_post,
};

/* --- CAN --------------------------------------------------------------------------------- */

static void send_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const struct scenario_bus *bus = &load_of(b)->s.buses[a->u.send.bus];

	if (a->u.send.frame.mtu == CANFD_MTU && !bus->fd)
		bind_key_error(
			b, n, "frame", "is an FD frame, but bus \"%s\" has `fd: false`", bus->name);
	if (node_get(n, "count") && a->u.send.every_ns == 0)
		bind_key_error(b, n, "count", "needs \"every\"");
}

static const struct schema_key send_keys[] = {
	{ .key = "bus",
		.type = &type_bus,
		.flags = KEY_ONLY,
		.offset = A(u.send.bus),
		.doc = "which bus" },
	{ .key = "frame",
		.type = &type_frame,
		.flags = KEY_REQUIRED,
		.offset = A(u.send.frame),
		.doc = "what is sent" },
	{ .key = "every",
		.type = &type_duration,
		.min = 100e3,
		.max = 86400e9,
		.offset = A(u.send.every_ns),
		.doc = "sends it again in this rhythm, against absolute times" },
	{ .key = "count",
		.type = &type_u32,
		.min = 1,
		.max = 1e9,
		.offset = A(u.send.count),
		.doc = "with `every`: how often in all; without it until the run ends" },
};
static const struct schema schema_send = {
	.keys = send_keys,
	.n_keys = ARRAY_SIZE(send_keys),
	.doc = "Sends a frame, once or cyclically, as a node of its own on the bus.",
	.post = send_post,
};

static void bus_off_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const struct scenario_guest *g = guest_of(b, a);

	bus_must_be_ours(b, n, "bus", a->u.bus_off.bus);
	for (uint32_t i = 0; i < g->n_can; i++) {
		if (g->can[i].bus == a->u.bus_off.bus)
			return;
	}
	bind_key_error(b, n, "bus", "\"%s\" has no controller of guest \"%s\"",
		load_of(b)->s.buses[a->u.bus_off.bus].name, g->name);
}

static const struct schema_key bus_off_keys[] = {
	GUEST_KEY,
	{ .key = "bus",
		.type = &type_bus,
		.flags = KEY_ONLY,
		.offset = A(u.bus_off.bus),
		.doc = "on which bus" },
};
static const struct schema schema_bus_off = {
	.keys = bus_off_keys,
	.n_keys = ARRAY_SIZE(bus_off_keys),
	.short_key = "guest",
	.doc = "Puts the guest's controller on a bus into bus-off. It takes part again when the guest "
	       "restarts it.",
	.post = bus_off_post,
};

/* --- guests' lives ----------------------------------------------------------------------- */

static const struct schema_key one_guest_keys[] = { GUEST_KEY };

static const struct schema schema_power_button = {
	.keys = one_guest_keys,
	.n_keys = ARRAY_SIZE(one_guest_keys),
	.short_key = "guest",
	.doc = "Presses the guest's ACPI power button: it is asked to shut down.",
};
static const struct schema schema_reset = {
	.keys = one_guest_keys,
	.n_keys = ARRAY_SIZE(one_guest_keys),
	.short_key = "guest",
	.doc = "Resets the guest: it boots again.",
};
static const struct schema schema_kill = {
	.keys = one_guest_keys,
	.n_keys = ARRAY_SIZE(one_guest_keys),
	.short_key = "guest",
	.doc = "Ends the guest's process at once (SIGKILL). This is no crash for the checks; the other "
	       "guests must not notice.",
};

static void pause_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	struct scenario_action resume = *a;

	(void)n;
	if (a->u.pause.for_ns == 0)
		return;
	resume.u.pause.for_ns = 0;
	load_imply_end(b, resume, SCENARIO_RESUME, a->u.pause.for_ns);
}

static const struct schema_key pause_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = A(guest),
		.doc = "which guest" },
	{ .key = "for",
		.type = &type_duration,
		.max = 86400e9,
		.offset = A(u.pause.for_ns),
		.doc = "resumes it after this time" },
};
static const struct schema schema_pause = {
	.keys = pause_keys,
	.n_keys = ARRAY_SIZE(pause_keys),
	.short_key = "guest",
	.doc = "Stops the guest's CPUs. The scenario's clock, the buses and the replays go on.",
	.post = pause_post,
};

static const struct schema_key resume_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = A(guest),
		.doc = "which guest" },
};
static const struct schema schema_resume = {
	.keys = resume_keys,
	.n_keys = ARRAY_SIZE(resume_keys),
	.short_key = "guest",
	.doc = "Lets a paused guest go on.",
};

/* --- the rest ---------------------------------------------------------------------------- */

static void screenshot_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const char *name = a->u.screenshot.checkpoint;

	if (strcmp(name, SCENARIO_CHECKPOINT_END) == 0 || strncmp(name, "at-", 3) == 0)
		bind_error(b, n, "cannot be named \"%s\": \"end\" and \"at-...\" are taken by Dyno",
			name);
	(void)refs_display(b, n, a->guest, true, &a->display);
}

static const struct schema_key screenshot_keys[] = {
	{ .key = "guest",
		.type = &type_guests,
		.def = "all",
		.offset = A(guest),
		.doc = "whose displays" },
	{ .key = "display",
		.type = &type_display,
		.doc = "which display; without it all of the guest" },
	{ .key = "name",
		.type = &type_name,
		.flags = KEY_REQUIRED,
		.offset = A(u.screenshot.checkpoint),
		.doc = "name of the checkpoint, which checks refer to; part of the PNG's name" },
};
static const struct schema schema_screenshot = {
	.keys = screenshot_keys,
	.n_keys = ARRAY_SIZE(screenshot_keys),
	.short_key = "name",
	.doc = "Saves a PNG of what the displays show.",
	.post = screenshot_post,
};

static const struct schema_key log_keys[] = {
	{ .key = "text",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.max = 500,
		.offset = A(u.log.text),
		.doc = "the line" },
};
static const struct schema schema_log = {
	.keys = log_keys,
	.n_keys = ARRAY_SIZE(log_keys),
	.short_key = "text",
	.doc = "Writes a line to the terminal.",
};

static void action_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;

	a->line = n->line;
	if (load_of(b)->s.duration_ns > 0 && a->at_ns > load_of(b)->s.duration_ns) {
		char end[UNIT_TEXT];

		bind_warn(b, node_get(n, "at"), "never happens: the run ends at %s",
			unit_show_duration(end, load_of(b)->s.duration_ns));
	}
}

#define OP(name, table, op_tag, text)                                                       \
	{                                                                                   \
		.key = (name), .shape = SHAPE_INPLACE, .sub = (table), .flags = KEY_CHOICE, \
		.tag = (op_tag), .doc = (text)                                              \
	}

static const struct schema_key action_keys[] = {
	{ .key = "at",
		.type = &type_duration,
		.flags = KEY_REQUIRED,
		.max = 30 * 86400e9,
		.offset = A(at_ns),
		.doc = "when, counted from the scenario's beginning" },
	OP("send", &schema_send, SCENARIO_SEND, "send a CAN frame"),
	OP("key", &schema_key_op, SCENARIO_KEY, "press a key"),
	OP("touch", &schema_touch, SCENARIO_TOUCH, "touch a display"),
	OP("pointer", &schema_pointer, SCENARIO_POINTER, "move the pointer, click, scroll"),
	OP("power_button", &schema_power_button, SCENARIO_POWER_BUTTON, "press the power button"),
	OP("reset", &schema_reset, SCENARIO_RESET, "reset a guest"),
	OP("pause", &schema_pause, SCENARIO_PAUSE, "pause guests"),
	OP("resume", &schema_resume, SCENARIO_RESUME, "resume guests"),
	OP("kill", &schema_kill, SCENARIO_KILL, "kill a guest's process"),
	OP("volume", &schema_volume_op, SCENARIO_VOLUME, "turn a stream's volume"),
	OP("mute", &schema_mute_op, SCENARIO_MUTE, "make a stream silent"),
	OP("jack", &schema_jack_op, SCENARIO_JACK, "plug a jack of a sound card in or out"),
	OP("bus_off", &schema_bus_off, SCENARIO_BUS_OFF, "force a controller into bus-off"),
	OP("fault", &schema_fault, SCENARIO_FAULT, "frames get lost, late, doubled, wrong"),
	OP("cut", &schema_cut, SCENARIO_CUT, "cut the cable of a controller"),
	OP("load", &schema_load, SCENARIO_LOAD, "a node fills a bus"),
	OP("link", &schema_link, SCENARIO_LINK, "pull a network cable"),
	OP("balloon", &schema_balloon_op, SCENARIO_BALLOON,
		"change what a guest has of its memory"),
	OP("throttle", &schema_throttle, SCENARIO_THROTTLE, "take processor time from a guest"),
	OP("screenshot", &schema_screenshot, SCENARIO_SCREENSHOT, "save pictures: a checkpoint"),
	OP("type", &schema_type_op, SCENARIO_TYPE, "type at a console"),
	{ .key = "set",
		.type = &type_assigns,
		.flags = KEY_CHOICE,
		.tag = SCENARIO_SET,
		.offset = A(u.set),
		.doc = "give signals values: `set: { Vehicle.Speed: 50, Gear: Reverse }`" },
	OP("stuck", &schema_stuck, SCENARIO_STUCK, "a signal stays what it is"),
	OP("silence", &schema_silence, SCENARIO_SILENCE, "a message is sent no more"),
	OP("log", &schema_log, SCENARIO_LOG, "say something"),
};

const struct schema schema_action = {
	.item = "action",
	.size = sizeof(struct scenario_action),
	.keys = action_keys,
	.n_keys = ARRAY_SIZE(action_keys),
	.tag_offset = A(op),
	.doc = "What happens at a time. Each entry has `at` and one of the other keys.",
	.post = action_post,
};

const char *scenario_op_name(enum scenario_op op)
{
	for (size_t i = 0; i < ARRAY_SIZE(action_keys); i++) {
		if ((action_keys[i].flags & KEY_CHOICE) && action_keys[i].tag == (uint32_t)op)
			return action_keys[i].key;
	}
	return "?";
}

bool scenario_op_on_bus(enum scenario_op op)
{
	return op == SCENARIO_SEND || op == SCENARIO_SET || op == SCENARIO_STUCK ||
	       op == SCENARIO_SILENCE || op == SCENARIO_FAULT || op == SCENARIO_CUT ||
	       op == SCENARIO_LOAD;
}
