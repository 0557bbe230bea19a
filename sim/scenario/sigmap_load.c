/* SPDX-License-Identifier: Apache-2.0 */
/* Signal maps from YAML, with the same tables and messages as scenarios. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "sim/scenario/load.h"
#include "sim/scenario/units.h"

/* A signal as it is written. */
struct raw_signal {
	const char *gauge, *bus;
	canid_t id;
	bool extended, fd, is_signed;
	uint32_t start, bits, dlc;
	uint32_t big_endian, tx;
	double scale, offset, min, max;
	uint32_t period_ms, stale_ms;
	const struct node *node;
};

struct raw_map {
	const char *title;
	const struct raw_signal *signals;
	uint32_t n_signals;
};

static const struct schema_word order_words[] = {
	{ "little", 0, "Intel: `start` is the least significant bit" },
	{ "big", 1, "Motorola: `start` is the most significant bit, as a DBC file counts" },
	{ 0 },
};

static const struct schema_word direction_words[] = {
	{ "rx", 0, "the guest receives it" },
	{ "tx", 1, "the guest sends it" },
	{ 0 },
};

static struct sigmap_entry entry_of(const struct raw_signal *r)
{
	struct sigmap_entry e = {
		.can_id = r->id & CAN_EFF_MASK,
		.start_bit = (uint16_t)r->start,
		.bits = (uint8_t)r->bits,
		.dlc = (uint8_t)r->dlc,
		.period_ms = r->tx ? r->period_ms : r->stale_ms,
		.scale = r->scale,
		.offset = r->offset,
		.min = r->min,
		.max = r->max,
	};

	e.flags = (uint8_t)((r->big_endian ? SIGMAP_F_BIG_ENDIAN : 0) |
			    (r->is_signed ? SIGMAP_F_SIGNED : 0) | (r->tx ? SIGMAP_F_TX : 0) |
			    (r->id & CAN_EFF_FLAG ? SIGMAP_F_EXTENDED : 0) |
			    (r->fd ? SIGMAP_F_FD : 0));
	snprintf(e.gauge, sizeof(e.gauge), "%s", r->gauge);
	snprintf(e.bus, sizeof(e.bus), "%s", r->bus);
	return e;
}

static void signal_post(struct bind *b, const struct node *n, void *obj)
{
	struct raw_signal *r = obj;
	uint32_t most = r->fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN;

	r->node = n;
	if (node_get(n, "extended") && !r->extended && (r->id & CAN_EFF_FLAG))
		bind_key_error(b, n, "extended", "contradicts the identifier, which needs 29 bits");
	if (r->extended)
		r->id |= CAN_EFF_FLAG;
	if (r->scale == 0)
		bind_key_error(b, n, "scale", "must not be 0");
	if (node_get(n, "min") && node_get(n, "max") && r->min >= r->max)
		bind_key_error(b, n, "max", "must be more than \"min\"");
	else if (!node_get(n, "min") != !node_get(n, "max"))
		bind_key_error(
			b, n, node_get(n, "min") ? "min" : "max", "needs the other bound too");
	if (r->tx && node_get(n, "stale_ms"))
		bind_key_error(b, n, "stale_ms", "is for received signals");
	if (!r->tx && node_get(n, "period_ms"))
		bind_key_error(b, n, "period_ms", "is for sent signals (direction: tx)");
	if (r->dlc > most)
		bind_key_error(b, n, "dlc", "%u exceeds %u bytes%s", r->dlc, most,
			r->fd ? "" : " (fd: true allows 64)");
	else if (!unit_fd_length(r->dlc))
		bind_key_error(
			b, n, "dlc", "an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 bytes");
	struct sigmap_entry e = entry_of(r);

	if (r->big_endian && r->start / 8 >= most)
		bind_key_error(
			b, n, "start", "%u is beyond the %u bytes of a frame", r->start, most);
	else if (!sigmap_fits(&e, most))
		bind_key_error(b, n, "bits",
			"from bit %u on, %u bits leave the %u bytes of a frame", r->start, r->bits,
			most);
	else if (r->tx && !sigmap_fits(&e, r->dlc))
		bind_key_error(b, n, "dlc", "of %u bytes does not hold the signal", r->dlc);
}

#define S(field) offsetof(struct raw_signal, field)

static const struct schema_key signal_keys[] = {
	{ .key = "gauge",
		.type = &type_name,
		.flags = KEY_REQUIRED,
		.offset = S(gauge),
		.doc = "what the guest calls it: `speed`, `rpm`" },
	{ .key = "bus",
		.type = &type_name,
		.flags = KEY_REQUIRED,
		.offset = S(bus),
		.doc = "bus of the scenario that carries it" },
	{ .key = "id",
		.type = &type_can_id,
		.flags = KEY_REQUIRED,
		.offset = S(id),
		.doc = "identifier of the frame" },
	{ .key = "extended",
		.type = &type_bool,
		.def = "false",
		.offset = S(extended),
		.doc = "the identifier is a 29-bit one, whatever its value" },
	{ .key = "fd",
		.type = &type_bool,
		.def = "false",
		.offset = S(fd),
		.doc = "it is an FD frame" },
	{ .key = "start",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.max = 511,
		.offset = S(start),
		.doc = "start bit, counted as in a DBC file (byte * 8 + bit, bit 0 is the lowest)" },
	{ .key = "bits",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 64,
		.unit = "bits",
		.offset = S(bits),
		.doc = "length" },
	{ .key = "byte_order",
		.type = &type_enum,
		.def = "little",
		.words = order_words,
		.offset = S(big_endian),
		.doc = "byte order" },
	{ .key = "signed",
		.type = &type_bool,
		.def = "false",
		.offset = S(is_signed),
		.doc = "two's complement" },
	{ .key = "scale",
		.type = &type_float,
		.def = "1",
		.offset = S(scale),
		.doc = "physical value = raw value * `scale` + `offset`" },
	{ .key = "offset",
		.type = &type_float,
		.def = "0",
		.offset = S(offset),
		.doc = "see `scale`" },
	{ .key = "min",
		.type = &type_float,
		.offset = S(min),
		.doc = "physical range of the gauge; with `max`" },
	{ .key = "max",
		.type = &type_float,
		.offset = S(max),
		.doc = "physical range of the gauge; with `min`" },
	{ .key = "direction",
		.type = &type_enum,
		.def = "rx",
		.words = direction_words,
		.offset = S(tx),
		.doc = "who sends it" },
	{ .key = "dlc",
		.type = &type_u32,
		.def = "8",
		.max = CANFD_MAX_DLEN,
		.unit = "bytes",
		.offset = S(dlc),
		.doc = "length of the frame that is sent (tx)" },
	{ .key = "period_ms",
		.type = &type_duration_ms,
		.def = "0",
		.max = 3600e9,
		.offset = S(period_ms),
		.doc = "cycle of the frame that is sent (tx); 0: on change" },
	{ .key = "stale_ms",
		.type = &type_duration_ms,
		.def = "0",
		.max = 3600e9,
		.offset = S(stale_ms),
		.doc = "without a frame for so long the value is stale (rx); 0: the guest's default" },
};

static const struct schema schema_signal = {
	.item = "signal",
	.size = sizeof(struct raw_signal),
	.keys = signal_keys,
	.n_keys = ARRAY_SIZE(signal_keys),
	.doc = "Where one value is found in one frame.",
	.post = signal_post,
};

static const struct schema_key sigmap_keys[] = {
	{ .key = "title",
		.type = &type_string,
		.def = "",
		.max = sizeof(((struct sigmap_hdr *)0)->title) - 1,
		.offset = offsetof(struct raw_map, title),
		.doc = "what logs call it" },
	{ .key = "signals",
		.shape = SHAPE_LIST,
		.sub = &schema_signal,
		.flags = KEY_REQUIRED,
		.max = SIGMAP_MAX,
		.offset = offsetof(struct raw_map, signals),
		.count = offsetof(struct raw_map, n_signals),
		.doc = "the signals" },
};

const struct schema schema_sigmap = {
	.size = sizeof(struct raw_map),
	.keys = sigmap_keys,
	.n_keys = ARRAY_SIZE(sigmap_keys),
};

static bool same_frame(const struct raw_signal *a, const struct raw_signal *b)
{
	return a->tx && b->tx && a->id == b->id && strcmp(a->bus, b->bus) == 0;
}

/* What can only be seen of several signals together. */
static void check_together(struct bind *b, const struct raw_map *m)
{
	for (uint32_t i = 1; i < m->n_signals; i++) {
		const struct raw_signal *s = &m->signals[i];

		snprintf(b->where, sizeof(b->where), "signal %u: ", i + 1);
		for (uint32_t j = 0; j < i; j++) {
			const struct raw_signal *o = &m->signals[j];
			uint8_t x[CANFD_MAX_DLEN] = { 0 }, y[CANFD_MAX_DLEN] = { 0 };

			if (s->tx == o->tx && strcmp(s->gauge, o->gauge) == 0)
				bind_warn(b, s->node,
					"gauge \"%s\" is there twice; first on line %u", s->gauge,
					o->node->line);
			if (!same_frame(s, o))
				continue;
			if (s->dlc != o->dlc || s->fd != o->fd || s->period_ms != o->period_ms) {
				bind_error(b, s->node,
					"the same frame has another dlc, fd or period_ms on line %u",
					o->node->line);
				continue;
			}
			struct sigmap_entry es = entry_of(s), eo = entry_of(o);

			/* All ones, to see which bits are taken. */
			es.flags = (uint8_t)(es.flags & ~SIGMAP_F_SIGNED);
			eo.flags = (uint8_t)(eo.flags & ~SIGMAP_F_SIGNED);
			es.scale = eo.scale = 1;
			es.offset = eo.offset = 0;
			if (sigmap_encode(&es, 1e30, x, sizeof(x)) != 0 ||
				sigmap_encode(&eo, 1e30, y, sizeof(y)) != 0)
				continue;
			for (size_t k = 0; k < sizeof(x); k++) {
				if (x[k] & y[k]) {
					bind_warn(b, s->node, "shares bits with \"%s\" on line %u",
						o->gauge, o->node->line);
					break;
				}
			}
		}
	}
}

static int build(const struct raw_map *raw, struct sigmap *out)
{
	struct sigmap m = { .hdr = { .magic = SIGMAP_MAGIC,
				    .version = SIGMAP_VERSION,
				    .count = raw->n_signals,
				    .entry_bytes = sizeof(struct sigmap_entry) } };

	snprintf(m.hdr.title, sizeof(m.hdr.title), "%s", raw->title);
	m.e = calloc(raw->n_signals + 1, sizeof(*m.e));
	m.lines = calloc(raw->n_signals + 1, sizeof(*m.lines));
	if (!m.e || !m.lines) {
		sigmap_fini(&m);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < raw->n_signals; i++) {
		m.e[i] = entry_of(&raw->signals[i]);
		m.lines[i] = raw->signals[i].node->line;
	}
	*out = m;
	return 0;
}

static int load_source(
	struct arena *a, struct diags *d, const struct source *src, struct sigmap *out)
{
	struct raw_map raw = { 0 };
	struct bind b = { .a = a, .d = d, .src = src, .dir = "." };
	size_t errors = d->errors;
	struct node *root;
	int rc = yaml_parse(a, d, src, &root);

	if (rc != 0)
		return rc;
	if (root->kind != NODE_MAP)
		diag_add(d, DIAG_ERROR, src, root->off, root->len,
			"a signal map is `title` and `signals`");
	else
		bind_table(&b, &schema_sigmap, root, &raw);
	if (!b.oom && d->errors == errors)
		check_together(&b, &raw);
	if (b.oom)
		return -ENOMEM;
	return d->errors == errors ? build(&raw, out) : -EINVAL;
}

int sigmap_load_diags(struct diags *d, const char *path, struct sigmap *out)
{
	CLEANUP_FREE uint8_t *text = NULL;
	struct arena a = { 0 };
	struct err e = { 0 };
	size_t len = 0;
	int rc = file_slurp(path, YAML_MAX_BYTES + 1, &text, &len, &e);

	if (rc != 0)
		return rc;
	/* Messages are printed after this function has returned: they need a text that stays. */
	const char *kept = arena_strndup(&d->a, (const char *)text, len);
	const struct source *src = kept ? diag_source(d, path, kept, len) : NULL;

	rc = src ? load_source(&a, d, src, out) : -ENOMEM;
	arena_fini(&a);
	return rc;
}

int sigmap_load_text(
	const char *text, size_t len, const char *path, FILE *report, struct sigmap *out)
{
	struct diags d = { 0 };
	struct arena a = { 0 };
	const struct source *src = diag_source(&d, path, text, len);
	int rc = src ? load_source(&a, &d, src, out) : -ENOMEM;

	diag_print(&d, report);
	diag_fini(&d);
	arena_fini(&a);
	return rc;
}

int sigmap_load(const char *path, FILE *report, struct sigmap *out)
{
	struct diags d = { 0 };
	int rc = sigmap_load_diags(&d, path, out);

	if (rc != 0 && rc != -EINVAL && report)
		fprintf(report, "%s: error: %s\n", path, strerror(-rc));
	diag_print(&d, report);
	diag_fini(&d);
	return rc;
}
