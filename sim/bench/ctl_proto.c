/* SPDX-License-Identifier: Apache-2.0 */
/* Control requests; see ctl_proto.h. */
#include "sim/bench/ctl_proto.h"

#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "sim/bench/nearest.h"
#include "sim/scenario/units.h"

#define HOLD_MAX_MS   60000
#define KEY_HOLD_MS   80
#define TOUCH_HOLD_MS 100

enum need { NEED_GUEST = 1, NEED_DISPLAY = 2, ANY_GUEST = 4 };

struct op {
	const char *name;
	enum ctl_op op;
	enum scenario_op action;
	unsigned int need;
	int (*fields)(const json_t *req, const struct scenario *s, struct ctl_request *out,
		struct err *e);
};

static int get_ms(
	const json_t *req, const char *key, uint64_t fallback_ms, uint64_t *out_ns, struct err *e)
{
	uint64_t ms = fallback_ms;
	int rc = json_get_u64(req, key, JSON_OPTIONAL, 0, HOLD_MAX_MS, &ms, e);

	*out_ns = ms * NS_PER_MS;
	return rc;
}

static int unknown(struct err *e, const char *what, const char *name, const char *near)
{
	return err_set(e, -EINVAL, "unknown %s \"%.60s\"%s%s%s", what, name,
		near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* ---- fields of single operations ---- */

static int get_bus(const json_t *req, const struct scenario *s, uint32_t *out, struct err *e)
{
	const char *name = NULL;
	int rc =
		json_get_str(req, "bus", s->n_buses == 1 ? JSON_OPTIONAL : JSON_REQUIRED, &name, e);

	if (rc)
		return rc;
	if (!name) {
		*out = 0;
		return 0;
	}
	for (uint32_t i = 0; i < s->n_buses; i++) {
		if (strcmp(s->buses[i].name, name) == 0) {
			*out = i;
			return 0;
		}
	}
	return unknown(e, "bus", name,
		s->n_buses ? nearest_word(name, &s->buses[0].name, s->n_buses, sizeof(s->buses[0]))
			   : NULL);
}

static int send_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const char *frame;
	int rc = get_bus(req, s, &out->action.u.send.bus, e);

	if (!rc)
		rc = json_get_str(req, "frame", JSON_REQUIRED, &frame, e);
	return rc ? rc : scenario_parse_frame(frame, &out->action.u.send.frame, e);
}

static int bus_off_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	return get_bus(req, s, &out->action.u.bus_off.bus, e);
}

static int key_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const char *key;
	int rc = json_get_str(req, "key", JSON_REQUIRED, &key, e);

	(void)s;
	if (rc)
		return rc;
	out->action.u.key.code = scenario_key_code(key);
	if (!out->action.u.key.code)
		return err_set(
			e, -EINVAL, "unknown key \"%.60s\": say \"enter\", \"f5\", \"a\"", key);
	return get_ms(req, "hold_ms", KEY_HOLD_MS, &out->action.u.key.hold_ns, e);
}

static int get_point(const json_t *req, const char *kx, const char *ky, enum json_need need,
	const struct scenario_display *d, struct scenario_point *p, struct err *e)
{
	int64_t x = p->x, y = p->y;
	int rc = json_get_i64(req, kx, need, 0, (int64_t)d->width - 1, &x, e);

	if (!rc)
		rc = json_get_i64(req, ky, need, 0, (int64_t)d->height - 1, &y, e);
	*p = (struct scenario_point){ (int32_t)x, (int32_t)y };
	return rc;
}

static const struct scenario_display *display_of(
	const struct scenario *s, const struct ctl_request *r)
{
	return &s->guests[r->action.guest].displays[r->action.display];
}

static int touch_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct scenario_display *d = display_of(s, out);
	uint64_t slot = 0;
	int rc = get_point(req, "x", "y", JSON_REQUIRED, d, &out->action.u.touch.from, e);

	out->action.u.touch.to = out->action.u.touch.from;
	if (!rc)
		rc = get_point(req, "to_x", "to_y", JSON_OPTIONAL, d, &out->action.u.touch.to, e);
	if (!rc)
		rc = json_get_u64(req, "slot", JSON_OPTIONAL, 0, 9, &slot, e);
	out->action.u.touch.slot = (uint32_t)slot;
	return rc ? rc : get_ms(req, "hold_ms", TOUCH_HOLD_MS, &out->action.u.touch.hold_ns, e);
}

static int pointer_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct scenario_display *d = display_of(s, out);
	static const char *const buttons[] = { "left", "right", "middle" };
	const char *button = NULL;
	int64_t wheel = 0;
	int rc = 0;

	out->action.u.pointer.move = json_object_get(req, "x") || json_object_get(req, "y");
	if (out->action.u.pointer.move)
		rc = get_point(req, "x", "y", JSON_REQUIRED, d, &out->action.u.pointer.at, e);
	if (!rc)
		rc = json_get_str(req, "button", JSON_OPTIONAL, &button, e);
	if (!rc)
		rc = json_get_i64(req, "wheel", JSON_OPTIONAL, -100, 100, &wheel, e);
	if (!rc)
		rc = get_ms(req, "hold_ms", KEY_HOLD_MS, &out->action.u.pointer.hold_ns, e);
	if (rc)
		return rc;
	out->action.u.pointer.wheel = (int32_t)wheel;
	for (size_t i = 0; button && i < ARRAY_SIZE(buttons); i++) {
		if (strcmp(button, buttons[i]) == 0)
			out->action.u.pointer.button = (uint16_t)(BTN_LEFT + i);
	}
	if (button && !out->action.u.pointer.button)
		return unknown(e, "button", button,
			nearest_word(button, buttons, ARRAY_SIZE(buttons), sizeof(buttons[0])));
	if (!out->action.u.pointer.move && !button && !wheel)
		return err_set(e, -EINVAL, "\"x\" and \"y\", \"button\" or \"wheel\" is missing");
	return 0;
}

static int screenshot_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const char *path = NULL;
	int rc = json_get_str(req, "path", JSON_OPTIONAL, &path, e);

	(void)s;
	if (rc || !path)
		return rc;
	if (path[0] != '/' || strlen(path) >= sizeof(out->path))
		return err_set(e, -EINVAL, "\"path\" must be absolute and shorter than %zu bytes",
			sizeof(out->path));
	snprintf(out->path, sizeof(out->path), "%s", path);
	return 0;
}

static int balloon_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct scenario_guest *g = &s->guests[out->action.guest];
	uint64_t *target = &out->action.u.balloon.target_bytes;
	const char *text = NULL;
	int rc = json_get_str(req, "target", JSON_OPTIONAL, &text, e);

	if (rc)
		return rc;
	if (!g->balloon.enabled)
		return err_set(e, -EINVAL,
			"guest %s has no balloon: give it `balloon: true` in the scenario",
			g->name);
	if (text && (unit_size(text, target) || *target < 4096 || *target > g->memory_bytes))
		return err_set(e, -EINVAL,
			"\"target\" is \"%.40s\": say what the guest shall keep, for example 256M, "
			"at most its memory",
			text);
	return 0;
}

/* A console of the guest by name; the one that is meant where none is named. */
static int get_port(const json_t *req, const struct scenario *s, const struct ctl_request *r,
	const char **out, struct err *e)
{
	const struct scenario_guest *g = &s->guests[r->action.guest];
	const char *name = NULL;
	int rc = json_get_str(req, "port", JSON_OPTIONAL, &name, e);

	if (rc)
		return rc;
	*out = name ? scenario_port(g, name) : scenario_console_port(g);
	if (*out)
		return 0;
	if (!name)
		return err_set(e, -EINVAL, "guest %s has no console", g->name);
	return unknown(e, "port", name,
		g->n_ports ? nearest_word(name, &g->ports[0].name, g->n_ports, sizeof(g->ports[0]))
			   : NULL);
}

static int type_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const char *text;
	int rc = get_port(req, s, out, &out->action.u.type.port, e);

	if (!rc)
		rc = json_get_str(req, "text", JSON_REQUIRED, &text, e);
	if (rc)
		return rc;
	if (strlen(text) >= sizeof(out->text))
		return err_set(
			e, -EINVAL, "\"text\" must be shorter than %zu bytes", sizeof(out->text));
	snprintf(out->text, sizeof(out->text), "%s", text);
	out->action.u.type.text = out->text;
	return 0;
}

static int console_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	return get_port(req, s, out, &out->port, e);
}

static int console_size_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	uint64_t cols = 0, rows = 0;
	int rc = json_get_u64(req, "cols", JSON_REQUIRED, 1, UINT16_MAX, &cols, e);

	(void)s;
	if (!rc)
		rc = json_get_u64(req, "rows", JSON_REQUIRED, 1, UINT16_MAX, &rows, e);
	out->cols = (uint16_t)cols;
	out->rows = (uint16_t)rows;
	return rc;
}

/* ---- signals ---- */

static int get_signal(const json_t *req, const struct scenario *s, uint32_t *out, struct err *e)
{
	const char *name;
	int rc = json_get_str(req, "signal", JSON_REQUIRED, &name, e);

	if (!rc)
		rc = signal_model_find(&s->signals, name, out, e);
	return rc ? -EINVAL : 0;
}

static int signals_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const char *pattern = NULL;
	int rc = json_get_str(req, "pattern", JSON_OPTIONAL, &pattern, e);

	(void)s;
	snprintf(out->text, sizeof(out->text), "%s", pattern ? pattern : "");
	return rc;
}

static int get_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	return get_signal(req, s, &out->assign.signal, e);
}

/* A number, or the text that the scenario would have. */
static int get_value(
	const json_t *req, const struct scenario *s, uint32_t signal, double *out, struct err *e)
{
	const struct signal_def *d = &s->signals.defs[signal];
	const json_t *v = json_object_get(req, "value");

	if (json_is_number(v))
		*out = json_number_value(v);
	else if (json_is_boolean(v))
		*out = json_is_true(v);
	else if (!json_is_string(v) ||
		 !signal_parse(&s->signals, signal, json_string_value(v), out))
		return err_set(e, -EINVAL, "\"value\" is no value of %.150s: say a number%s",
			d->name, d->dbc && d->dbc->n_values ? " or the name of a value" : "");
	if (d->has_range && (*out < d->min || *out > d->max))
		return err_set(e, -EINVAL,
			"%.15g is outside of the range of %.150s, %.15g to %.15g", *out, d->name,
			d->min, d->max);
	return 0;
}

static int set_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	int rc = get_signal(req, s, &out->assign.signal, e);

	out->action.u.set = (struct scenario_assigns){ 1, &out->assign };
	return rc ? rc : get_value(req, s, out->assign.signal, &out->assign.value, e);
}

/* "on" as a truth value, or as the command line has it. */
static int get_on(const json_t *req, bool *on, struct err *e)
{
	const json_t *v = json_object_get(req, "on");

	*on = true;
	if (!v)
		return 0;
	if (json_is_string(v))
		return unit_bool(json_string_value(v), on)
			       ? err_set(e, -EINVAL, "\"on\" must be on or off")
			       : 0;
	return json_get_bool(req, "on", JSON_OPTIONAL, on, e);
}

static int stuck_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	int rc = get_signal(req, s, &out->action.u.stuck.signal, e);

	return rc ? rc : get_on(req, &out->action.u.stuck.on, e);
}

/* Shown is this value, whatever sets the signal. */
static int hold_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	uint32_t signal = 0;
	double value = 0;
	int rc = get_signal(req, s, &signal, e);

	if (!rc)
		rc = get_value(req, s, signal, &value, e);
	out->action.u.stuck.signal = signal;
	out->action.u.stuck.on = true;
	out->action.u.stuck.has_value = true;
	out->action.u.stuck.value = value;
	return rc;
}

static int release_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	out->action.u.stuck.on = false;
	return get_signal(req, s, &out->action.u.stuck.signal, e);
}

static int silence_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct signal_model *m = &s->signals;
	uint32_t bus = SIGNAL_NONE, *message = &out->action.u.silence.message;
	const char *name;
	int rc = json_get_str(req, "message", JSON_REQUIRED, &name, e);

	if (!rc && json_object_get(req, "bus"))
		rc = get_bus(req, s, &bus, e);
	if (!rc && signal_model_find_message(m, bus, name, message, e))
		return -EINVAL;
	if (!rc && !m->messages[*message].sent)
		return err_set(e, -EINVAL, "the bench does not send \"%.100s\"", name);
	return rc ? rc : get_on(req, &out->action.u.silence.on, e);
}

static int get_id(const json_t *req, enum json_need need, canid_t *id, struct err *e)
{
	struct scenario_frame frame;
	const char *text = NULL;
	char whole[32];
	int rc = json_get_str(req, "id", need, &text, e);

	if (rc || !text)
		return rc;
	snprintf(whole, sizeof(whole), "%.20s#", text);
	if (scenario_parse_frame(whole, &frame, e))
		return err_set(e, -EINVAL,
			"\"%.20s\" is no identifier: three hex digits, or eight for 29 bits", text);
	*id = frame.f.can_id;
	return 0;
}

static int get_share(
	const json_t *req, const char *key, enum json_need need, double *share, struct err *e)
{
	const char *text = NULL;
	int rc = json_get_str(req, key, need, &text, e);

	if (rc || !text)
		return rc;
	if (unit_percent(text, share) || *share <= 0 || *share > 1)
		return err_set(e, -EINVAL, "\"%.20s\" is no share: say 50%%", text);
	return 0;
}

/* What a person breaks by hand is one fault and one load of each bus. */
static int fault_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const char *kinds[SCENARIO_FAULT_KINDS];
	struct scenario_action *a = &out->action;
	uint64_t delay_ms = 100;
	const char *kind;
	uint32_t i = 0;
	int rc = get_bus(req, s, &a->u.fault.bus, e);

	if (!rc)
		rc = json_get_str(req, "kind", JSON_REQUIRED, &kind, e);
	if (rc)
		return rc;
	a->u.fault.number = s->n_faults + a->u.fault.bus;
	if (strcmp(kind, "off") == 0)
		return 0;
	for (uint32_t k = 0; k < ARRAY_SIZE(kinds); k++)
		kinds[k] = scenario_fault_name((enum scenario_fault)k);
	while (i < ARRAY_SIZE(kinds) && strcmp(kinds[i], kind) != 0)
		i++;
	if (i == ARRAY_SIZE(kinds))
		return unknown(e, "fault", kind,
			nearest_word(kind, &kinds[0], ARRAY_SIZE(kinds), sizeof(kinds[0])));
	a->u.fault.on = true;
	a->u.fault.kind = (enum scenario_fault)i;
	a->u.fault.chance = 1;
	memset(a->u.fault.flip, 0xff, sizeof(a->u.fault.flip));
	rc = get_id(req, JSON_OPTIONAL, &a->u.fault.id.id, e);
	if (!rc && json_object_get(req, "id"))
		a->u.fault.id.mask =
			CAN_EFF_FLAG |
			(a->u.fault.id.id & CAN_EFF_FLAG ? CAN_EFF_MASK : CAN_SFF_MASK);
	if (!rc)
		rc = get_share(req, "chance", JSON_OPTIONAL, &a->u.fault.chance, e);
	if (!rc)
		rc = json_get_u64(req, "delay_ms", JSON_OPTIONAL, 1, 3600000, &delay_ms, e);
	a->u.fault.delay_ns = delay_ms * NS_PER_MS;
	return rc;
}

static int load_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	struct scenario_action *a = &out->action;
	const char *share;
	int rc = get_bus(req, s, &a->u.load.bus, e);

	if (!rc)
		rc = json_get_str(req, "share", JSON_REQUIRED, &share, e);
	if (rc)
		return rc;
	a->u.load.number = s->n_faults + s->n_buses + a->u.load.bus;
	if (strcmp(share, "off") == 0)
		return 0;
	a->u.load.on = true;
	a->u.load.id = CAN_SFF_MASK;
	a->u.load.len = CAN_MAX_DLEN;
	rc = get_share(req, "share", JSON_REQUIRED, &a->u.load.share, e);
	return rc ? rc : get_id(req, JSON_OPTIONAL, &a->u.load.id, e);
}

static int cut_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	int rc = get_bus(req, s, &out->action.u.cut.bus, e);

	return rc ? rc : get_on(req, &out->action.u.cut.on, e);
}

static int get_stream(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	char near[SCENARIO_STREAM_TEXT];
	const char *path;
	int rc = json_get_str(req, "stream", JSON_REQUIRED, &path, e);

	if (rc || scenario_stream(s, path, &out->action.guest, &out->action.u.sound.stream, near))
		return rc;
	return unknown(e, "stream", path, near[0] ? near : NULL);
}

static int volume_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	uint64_t percent = 0;
	int rc = get_stream(req, s, out, e);

	if (!rc)
		rc = json_get_u64(req, "percent", JSON_REQUIRED, 0, 100, &percent, e);
	out->action.u.sound.percent = (uint32_t)percent;
	return rc;
}

static int throttle_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	uint64_t percent = 0;
	int rc = json_get_u64(req, "percent", JSON_REQUIRED, 1, 100, &percent, e);

	(void)s;
	out->action.u.throttle.percent = (uint32_t)percent;
	return rc;
}

static int mute_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	int rc = get_stream(req, s, out, e);

	return rc ? rc : get_on(req, &out->action.u.sound.on, e);
}

static int jack_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	int rc = get_stream(req, s, out, e);

	return rc ? rc : json_get_bool(req, "plugged", JSON_REQUIRED, &out->action.u.sound.on, e);
}

/* The guest's first card on the network; the only one where no network is named. */
static int link_fields(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct scenario_guest *g = &s->guests[out->action.guest];
	const char *name = NULL;
	uint32_t i = 0;
	int rc = json_get_bool(req, "up", JSON_REQUIRED, &out->action.u.link.up, e);

	if (!rc)
		rc = json_get_str(
			req, "net", g->n_nets == 1 ? JSON_OPTIONAL : JSON_REQUIRED, &name, e);
	if (rc)
		return rc;
	while (name && i < g->n_nets && strcmp(s->networks[g->nets[i].network].name, name) != 0)
		i++;
	out->action.u.link.net = i;
	return i < g->n_nets ? 0
			     : err_set(e, -EINVAL, "guest %s has no card on a network \"%.60s\"",
				       g->name, name ? name : "");
}

static const struct op ops[] = {
	{ "status", CTL_STATUS, SCENARIO_OPS, 0, NULL },
	{ "metrics", CTL_METRICS, SCENARIO_OPS, 0, NULL },
	{ "stop", CTL_STOP, SCENARIO_OPS, 0, NULL },
	{ "pause", CTL_ACTION, SCENARIO_PAUSE, ANY_GUEST, NULL },
	{ "resume", CTL_ACTION, SCENARIO_RESUME, ANY_GUEST, NULL },
	{ "send", CTL_ACTION, SCENARIO_SEND, 0, send_fields },
	{ "key", CTL_ACTION, SCENARIO_KEY, NEED_GUEST | NEED_DISPLAY, key_fields },
	{ "touch", CTL_ACTION, SCENARIO_TOUCH, NEED_GUEST | NEED_DISPLAY, touch_fields },
	{ "pointer", CTL_ACTION, SCENARIO_POINTER, NEED_GUEST | NEED_DISPLAY, pointer_fields },
	{ "screenshot", CTL_SCREENSHOT, SCENARIO_OPS, NEED_GUEST | NEED_DISPLAY,
		screenshot_fields },
	{ "power-button", CTL_ACTION, SCENARIO_POWER_BUTTON, NEED_GUEST, NULL },
	{ "reset", CTL_ACTION, SCENARIO_RESET, NEED_GUEST, NULL },
	{ "kill", CTL_ACTION, SCENARIO_KILL, NEED_GUEST, NULL },
	{ "bus-off", CTL_ACTION, SCENARIO_BUS_OFF, NEED_GUEST, bus_off_fields },
	{ "devices", CTL_DEVICES, SCENARIO_OPS, NEED_GUEST, NULL },
	{ "balloon", CTL_BALLOON, SCENARIO_OPS, NEED_GUEST, balloon_fields },
	{ "link", CTL_ACTION, SCENARIO_LINK, NEED_GUEST, link_fields },
	{ "type", CTL_ACTION, SCENARIO_TYPE, NEED_GUEST, type_fields },
	{ "console", CTL_CONSOLE, SCENARIO_OPS, NEED_GUEST, console_fields },
	{ "console-size", CTL_CONSOLE_SIZE, SCENARIO_OPS, NEED_GUEST, console_size_fields },
	{ "volume", CTL_ACTION, SCENARIO_VOLUME, 0, volume_fields },
	{ "mute", CTL_ACTION, SCENARIO_MUTE, 0, mute_fields },
	{ "jack", CTL_ACTION, SCENARIO_JACK, 0, jack_fields },
	{ "signals", CTL_SIGNALS, SCENARIO_OPS, 0, signals_fields },
	{ "get", CTL_GET, SCENARIO_OPS, 0, get_fields },
	{ "set", CTL_ACTION, SCENARIO_SET, 0, set_fields },
	{ "stuck", CTL_ACTION, SCENARIO_STUCK, 0, stuck_fields },
	{ "hold", CTL_ACTION, SCENARIO_STUCK, 0, hold_fields },
	{ "release", CTL_ACTION, SCENARIO_STUCK, 0, release_fields },
	{ "panel", CTL_PANEL, SCENARIO_OPS, 0, screenshot_fields },
	{ "silence", CTL_ACTION, SCENARIO_SILENCE, 0, silence_fields },
	{ "fault", CTL_ACTION, SCENARIO_FAULT, 0, fault_fields },
	{ "load", CTL_ACTION, SCENARIO_LOAD, 0, load_fields },
	{ "cut", CTL_ACTION, SCENARIO_CUT, NEED_GUEST, cut_fields },
	{ "throttle", CTL_ACTION, SCENARIO_THROTTLE, NEED_GUEST, throttle_fields },
};

const char *const ctl_op_names[] = { "status", "metrics", "stop", "pause", "resume", "send", "key",
	"touch", "pointer", "screenshot", "power-button", "reset", "kill", "bus-off", "devices",
	"balloon", "link", "type", "console", "console-size", "volume", "mute", "jack", "signals",
	"get", "set", "stuck", "hold", "release", "panel", "silence", "fault", "load", "cut",
	"throttle", NULL };

static_assert(ARRAY_SIZE(ctl_op_names) == ARRAY_SIZE(ops) + 1, "one name for each operation");

/* ---- the request ---- */

static int get_guest(const json_t *req, const struct scenario *s, unsigned int need,
	struct ctl_request *out, struct err *e)
{
	const char *name = NULL;
	bool optional = (need & ANY_GUEST) || s->n_guests == 1;
	int rc = json_get_str(req, "guest", optional ? JSON_OPTIONAL : JSON_REQUIRED, &name, e);

	if (rc)
		return rc;
	if (!s->n_guests)
		return err_set(e, -EINVAL, "the scenario has no guest");
	if (!name) {
		out->action.guest = need & ANY_GUEST ? SCENARIO_ALL : 0;
		return 0;
	}
	for (uint32_t i = 0; i < s->n_guests; i++) {
		if (strcmp(s->guests[i].name, name) == 0) {
			out->action.guest = i;
			return 0;
		}
	}
	return unknown(e, "guest", name,
		nearest_word(name, &s->guests[0].name, s->n_guests, sizeof(s->guests[0])));
}

static int get_display(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct scenario_guest *g = &s->guests[out->action.guest];
	uint64_t d = 0;

	if (!g->n_displays)
		return err_set(e, -EINVAL, "guest %s has no display", g->name);
	if (json_get_u64(req, "display", JSON_OPTIONAL, 0, g->n_displays - 1, &d, e))
		return -EINVAL;
	out->action.display = (uint32_t)d;
	return 0;
}

static int parse_object(
	const json_t *req, const struct scenario *s, struct ctl_request *out, struct err *e)
{
	const struct op *op = NULL;
	const char *name;
	int rc = json_get_str(req, "op", JSON_REQUIRED, &name, e);

	if (rc)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (strcmp(ops[i].name, name) == 0)
			op = &ops[i];
	}
	if (!op)
		return unknown(e, "operation", name,
			nearest_word(name, &ops[0].name, ARRAY_SIZE(ops), sizeof(ops[0])));
	out->op = op->op;
	out->action.op = op->action;
	/* Without a guest in the scenario, all of none are paused: the clock and the buses. */
	if ((op->need & NEED_GUEST) || ((op->need & ANY_GUEST) && s->n_guests))
		rc = get_guest(req, s, op->need, out, e);
	else
		out->action.guest = SCENARIO_ALL;
	if (!rc && (op->need & ANY_GUEST) && out->action.guest == SCENARIO_ALL)
		out->op = op->action == SCENARIO_PAUSE ? CTL_PAUSE : CTL_RESUME;
	if (!rc && (op->need & NEED_DISPLAY))
		rc = get_display(req, s, out, e);
	if (!rc && op->fields)
		rc = op->fields(req, s, out, e);
	return rc;
}

int ctl_parse(const char *line, size_t len, const struct scenario *s, struct ctl_request *out,
	struct err *e)
{
	json_error_t je;
	json_t *req = json_loadb(line, len, JSON_REJECT_DUPLICATES, &je);
	json_t *id;
	int rc;

	*out = (struct ctl_request){ .id = NULL };
	if (!json_is_object(req)) {
		json_decref(req);
		return err_set(e, -EINVAL, "not a JSON object%s%.100s", req ? "" : ": ",
			req ? "" : je.text);
	}
	id = json_object_get(req, "id");
	/* Numbers and short strings are what clients use; nothing else is carried back. */
	if (json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= 64))
		out->id = json_incref(id);
	else if (id) {
		json_decref(req);
		return err_set(e, -EINVAL, "\"id\" must be a number or a short string");
	}
	rc = parse_object(req, s, out, e);
	json_decref(req);
	return rc ? -EINVAL : 0;
}

void ctl_request_fini(struct ctl_request *r)
{
	json_decref(r->id);
	r->id = NULL;
}
