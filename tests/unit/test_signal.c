/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: checksums, the table, its subscribers, and other processes that use it. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/proto/signal_port.h"
#include "sim/signal/checksum.h"
#include "sim/signal/port.h"
#include "sim/signal/table.h"

enum { SPEED, GEAR, LIGHT, N_DEFS };

static const struct signal_def defs[N_DEFS] = {
	[SPEED] = { .name = "Vehicle.Speed",
		.unit = "km/h",
		.doc = "",
		.has_range = true,
		.min = 0,
		.max = 250,
		.stale_ns = 100 },
	[GEAR] = { .name = "Vehicle.Gear",
		.unit = "",
		.doc = "",
		.has_initial = true,
		.initial = 1 },
	[LIGHT] = { .name = "Vehicle.Light", .unit = "", .doc = "" },
};

struct bed {
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	struct signal_model model;
	struct signals *table;
};

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));

	assert_int_equal(ev_loop_new(&t->loop), 0);
	bench_clock_init(&t->clock);
	assert_int_equal(agenda_init(&t->agenda, t->loop, &t->clock), 0);
	t->model = (struct signal_model){ .n_defs = N_DEFS, .defs = defs };
	for (uint32_t i = 0; i < N_DEFS; i++)
		assert_int_equal(signal_model_add_name(&t->model, defs[i].name, i), 0);
	assert_int_equal(signals_new(&t->table, &t->model, &t->agenda), 0);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bed *t = *state;

	agenda_fini(&t->agenda);
	signals_free(t->table);
	signal_model_fini(&t->model);
	ev_loop_free(t->loop);
	free(t);
	return 0;
}

/* ---- checksums ---- */

static uint8_t crc_of(const char *hex)
{
	uint8_t b[32];
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

		b[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return crc8_j1850(0, b, n);
}

static void test_crc8_j1850_has_the_values_of_the_autosar_specification(void **state)
{
	(void)state;
	/* AUTOSAR "Specification of CRC Routines", examples of CRC8 (SAE J1850), and the check
	 * value of the usual catalogues. */
	assert_int_equal(crc_of("00000000"), 0x59);
	assert_int_equal(crc_of("F20183"), 0x37);
	assert_int_equal(crc_of("0FAA0055"), 0x79);
	assert_int_equal(crc_of("00FF5511"), 0xb8);
	assert_int_equal(crc_of("332255AABBCCDDEEFF"), 0xcb);
	assert_int_equal(crc_of("926B55"), 0x8c);
	assert_int_equal(crc_of("FFFFFFFF"), 0x74);
	assert_int_equal(crc8_j1850(0, (const uint8_t *)"123456789", 9), 0x4b);
}

static void test_crc8_j1850_goes_on_where_it_stopped(void **state)
{
	uint8_t first = crc8_j1850(0, (const uint8_t *)"1234", 4);

	(void)state;
	assert_int_equal(crc8_j1850(first, (const uint8_t *)"56789", 5), 0x4b);
}

/* ---- values ---- */

static void test_a_signal_is_unset_until_somebody_sets_it(void **state)
{
	struct bed *t = *state;
	const struct signal_value *v = signals_get(t->table, SPEED);

	assert_int_equal(v->state, SIGNAL_UNSET);
	assert_int_equal(signals_set(t->table, SPEED, 50, 7, SIGNAL_BY_USER), 0);
	assert_int_equal(v->state, SIGNAL_FRESH);
	assert_true(v->value == 50 && v->shown == 50 && v->t_ns == 7);
	assert_int_equal(v->source, SIGNAL_BY_USER);
}

static void test_initial_values_are_there_at_the_beginning(void **state)
{
	struct bed *t = *state;

	signals_begin(t->table);
	assert_true(signals_get(t->table, GEAR)->shown == 1);
	assert_int_equal(signals_get(t->table, SPEED)->state, SIGNAL_UNSET);
}

static void test_values_are_held_to_the_range(void **state)
{
	struct bed *t = *state;

	assert_int_equal(signals_set(t->table, SPEED, 400, 0, SIGNAL_BY_BUS), 0);
	assert_true(signals_get(t->table, SPEED)->value == 250);
	assert_int_equal(signals_set(t->table, SPEED, -1, 0, SIGNAL_BY_BUS), 0);
	assert_true(signals_get(t->table, SPEED)->value == 0);
}

static void test_what_is_no_number_changes_nothing(void **state)
{
	struct bed *t = *state;

	assert_int_equal(signals_set(t->table, SPEED, 30, 0, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, SPEED, (double)NAN, 5, SIGNAL_BY_BUS), -EDOM);
	assert_int_equal(signals_set(t->table, SPEED, (double)INFINITY, 5, SIGNAL_BY_BUS), -EDOM);
	assert_true(signals_get(t->table, SPEED)->value == 30);
	assert_true(signals_get(t->table, SPEED)->updates == 1);
}

static void test_a_value_is_stale_when_nothing_new_comes(void **state)
{
	struct bed *t = *state;
	const struct signal_value *v = signals_get(t->table, SPEED);

	assert_int_equal(signals_set(t->table, SPEED, 50, 1000, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, SPEED, 50, 1080, SIGNAL_BY_BUS), 0);
	agenda_run_to(&t->agenda, 1179);
	assert_int_equal(v->state, SIGNAL_FRESH);
	agenda_run_to(&t->agenda, 1180);
	assert_int_equal(v->state, SIGNAL_STALE);
	assert_int_equal(signals_set(t->table, SPEED, 51, 1300, SIGNAL_BY_BUS), 0);
	assert_int_equal(v->state, SIGNAL_FRESH);
	agenda_run_to(&t->agenda, 1400);
	assert_int_equal(v->state, SIGNAL_STALE);
}

static void test_a_stuck_signal_shows_what_it_was(void **state)
{
	struct bed *t = *state;
	const struct signal_value *v = signals_get(t->table, SPEED);

	assert_int_equal(signals_set(t->table, SPEED, 50, 0, SIGNAL_BY_BUS), 0);
	signals_stick(t->table, SPEED, true);
	assert_int_equal(signals_set(t->table, SPEED, 80, 1, SIGNAL_BY_BUS), 0);
	assert_true(v->value == 80 && v->shown == 50);
	signals_stick(t->table, SPEED, false);
	assert_true(v->value == 80 && v->shown == 80);
}

/* ---- subscribers ---- */

struct hearer {
	struct signal_sub sub;
	unsigned int n;
	double last;
	enum signal_state state;
	struct hearer *drops; /* unsubscribed when this one hears something */
	struct bed *bed;
	bool answers; /* sets LIGHT then */
};

static void hear(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct hearer *h = ctx;

	(void)signal;
	h->n++;
	h->last = v->shown;
	h->state = v->state;
	if (h->drops)
		signals_unsubscribe(&h->drops->sub);
	if (h->answers && signals_set(h->bed->table, LIGHT, v->shown, v->t_ns, SIGNAL_BY_SCRIPT))
		fail();
}

static void listen_to(struct bed *t, struct hearer *h, uint32_t signal, bool every)
{
	h->bed = t;
	h->sub = (struct signal_sub){ .changed = hear, .ctx = h, .signal = signal, .every = every };
	signals_subscribe(t->table, &h->sub);
}

static void test_subscribers_hear_of_changes_or_of_everything(void **state)
{
	struct bed *t = *state;
	struct hearer changes = { 0 }, everything = { 0 }, all = { 0 };

	listen_to(t, &changes, SPEED, false);
	listen_to(t, &everything, SPEED, true);
	listen_to(t, &all, SIGNAL_NONE, false);
	assert_int_equal(signals_set(t->table, SPEED, 5, 0, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, SPEED, 5, 10, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, GEAR, 2, 10, SIGNAL_BY_BUS), 0);
	assert_int_equal(changes.n, 1);
	assert_int_equal(everything.n, 2);
	assert_int_equal(all.n, 2);
	agenda_run_to(&t->agenda, 1000);
	assert_int_equal(changes.n, 2);
	assert_int_equal(changes.state, SIGNAL_STALE);
	signals_unsubscribe(&changes.sub);
	signals_unsubscribe(&everything.sub);
	signals_unsubscribe(&all.sub);
}

static void test_subscribers_of_a_stuck_signal_hear_of_no_change(void **state)
{
	struct bed *t = *state;
	struct hearer h = { 0 };

	assert_int_equal(signals_set(t->table, GEAR, 2, 0, SIGNAL_BY_BUS), 0);
	signals_stick(t->table, GEAR, true);
	listen_to(t, &h, GEAR, false);
	assert_int_equal(signals_set(t->table, GEAR, 3, 0, SIGNAL_BY_BUS), 0);
	assert_int_equal(h.n, 0);
	signals_stick(t->table, GEAR, false);
	assert_int_equal(h.n, 1);
	assert_true(h.last == 3);
	signals_unsubscribe(&h.sub);
}

static void test_a_subscriber_may_drop_others_and_itself_while_it_hears(void **state)
{
	struct bed *t = *state;
	struct hearer a = { 0 }, b = { 0 }, c = { 0 };

	listen_to(t, &a, SPEED, false);
	listen_to(t, &b, SPEED, false);
	listen_to(t, &c, SPEED, false);
	a.drops = &b;
	c.drops = &c;
	assert_int_equal(signals_set(t->table, SPEED, 1, 0, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, SPEED, 2, 0, SIGNAL_BY_BUS), 0);
	assert_int_equal(a.n, 2);
	assert_int_equal(b.n, 0);
	assert_int_equal(c.n, 1);
	signals_unsubscribe(&a.sub);
}

static void test_a_subscriber_may_set_another_signal(void **state)
{
	struct bed *t = *state;
	struct hearer a = { .answers = true }, b = { 0 };

	listen_to(t, &a, SPEED, false);
	listen_to(t, &b, LIGHT, false);
	assert_int_equal(signals_set(t->table, SPEED, 9, 0, SIGNAL_BY_BUS), 0);
	assert_int_equal(b.n, 1);
	assert_true(b.last == 9);
	signals_unsubscribe(&a.sub);
	signals_unsubscribe(&b.sub);
}

/* ---- names ---- */

static void test_a_mistyped_name_is_answered_with_the_nearest(void **state)
{
	struct bed *t = *state;
	struct err e;
	uint32_t i;

	assert_int_equal(signal_model_find(&t->model, "Vehicle.Gear", &i, &e), 0);
	assert_int_equal(i, GEAR);
	assert_int_equal(signal_model_find(&t->model, "Vehicle.Sped", &i, &e), -ENOENT);
	assert_non_null(strstr(e.text, "did you mean \"Vehicle.Speed\"?"));
	assert_int_equal(signal_model_find(&t->model, "light", &i, &e), -ENOENT);
	assert_non_null(strstr(e.text, "did you mean \"Vehicle.Light\"?"));
}

static void test_values_are_numbers_or_switches(void **state)
{
	struct bed *t = *state;
	double v;

	assert_true(signal_parse(&t->model, SPEED, "-1.5e1", &v) && v == -15);
	assert_true(signal_parse(&t->model, LIGHT, "true", &v) && v == 1);
	assert_true(signal_parse(&t->model, LIGHT, "off", &v) && v == 0);
	assert_false(signal_parse(&t->model, LIGHT, "", &v));
	assert_false(signal_parse(&t->model, LIGHT, "nan", &v));
	assert_false(signal_parse(&t->model, LIGHT, "1x", &v));
}

/* ---- the wire ---- */

static void test_a_record_survives_the_wire(void **state)
{
	struct signal_rec in = { SIGNAL_REC_VALUE, SIGNAL_REC_STALE, 3, 123456789, -0.125 };
	struct signal_rec out[SIGNAL_PORT_RECORDS];
	struct signal_rec_wire w = signal_rec_pack(&in);

	(void)state;
	assert_int_equal(signal_rec_unpack(&w, sizeof(w), 4, out), 1);
	assert_memory_equal(&out[0].value, &in.value, sizeof(double));
	assert_true(out[0].t_ns == in.t_ns && out[0].signal == 3);
	assert_int_equal(out[0].state, SIGNAL_REC_STALE);
}

static void test_records_that_break_a_rule_are_refused(void **state)
{
	struct signal_rec good = { SIGNAL_REC_SET, SIGNAL_REC_FRESH, 0, 0, 1 };
	struct signal_rec out[SIGNAL_PORT_RECORDS], bad;
	struct signal_rec_wire w[SIGNAL_PORT_RECORDS + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(w); i++)
		w[i] = signal_rec_pack(&good);
	assert_int_equal(signal_rec_unpack(w, 0, 1, out), -EBADMSG);
	assert_int_equal(signal_rec_unpack(w, sizeof(w[0]) - 1, 1, out), -EBADMSG);
	assert_int_equal(signal_rec_unpack(w, sizeof(w), 1, out), -EBADMSG);
	bad = good;
	bad.signal = 1;
	w[0] = signal_rec_pack(&bad);
	assert_int_equal(signal_rec_unpack(w, sizeof(w[0]), 1, out), -EBADMSG);
	bad = good;
	bad.value = (double)NAN;
	w[0] = signal_rec_pack(&bad);
	assert_int_equal(signal_rec_unpack(w, sizeof(w[0]), 1, out), -EBADMSG);
	w[0] = signal_rec_pack(&good);
	w[0].type = le16_of(9);
	assert_int_equal(signal_rec_unpack(w, sizeof(w[0]), 1, out), -EBADMSG);
}

struct far_end {
	struct signal_port *port;
	int fd;
	unsigned int gone;
};

static uint64_t port_now(void *ctx)
{
	(void)ctx;
	return 4711;
}

static void port_gone(void *ctx, struct signal_port *p)
{
	struct far_end *f = ctx;

	signal_port_free(p);
	f->port = NULL;
	f->gone++;
}

static void connect_port(struct bed *t, struct far_end *f)
{
	static const uint32_t list[] = { LIGHT, SPEED };
	static const bool settable[] = { true, false };
	struct signal_port_config cfg = { .loop = t->loop,
		.table = t->table,
		.signals = list,
		.settable = settable,
		.n_signals = 2,
		.now_ns = port_now,
		.gone = port_gone,
		.ctx = f };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->fd = pair[1];
	assert_int_equal(signal_port_new(&f->port, pair[0], &cfg), 0);
}

static int take(struct bed *t, struct far_end *f, struct signal_rec *out)
{
	uint8_t buf[4096];
	ssize_t n;

	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	n = recv(f->fd, buf, sizeof(buf), MSG_DONTWAIT);
	return n < 0 ? 0 : signal_rec_unpack(buf, (uint32_t)n, 2, out);
}

static void test_another_process_gets_all_values_and_then_changes(void **state)
{
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct far_end f = { 0 };

	assert_int_equal(signals_set(t->table, SPEED, 50, 5, SIGNAL_BY_BUS), 0);
	connect_port(t, &f);
	assert_int_equal(take(t, &f, r), 2);
	assert_int_equal(r[0].state, SIGNAL_REC_UNSET);
	assert_int_equal(r[1].signal, 1);
	assert_true(r[1].value == 50 && r[1].t_ns == 5);
	assert_int_equal(take(t, &f, r), 0);
	/* Two changes of one moment: the newest is enough. */
	assert_int_equal(signals_set(t->table, SPEED, 51, 6, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, SPEED, 52, 7, SIGNAL_BY_BUS), 0);
	assert_int_equal(signals_set(t->table, GEAR, 4, 7, SIGNAL_BY_BUS), 0);
	assert_int_equal(take(t, &f, r), 1);
	assert_true(r[0].signal == 1 && r[0].value == 52 && r[0].t_ns == 7);
	signal_port_free(f.port);
	fd_close(&f.fd);
}

/* The other process says something of a signal of its list. */
static void say(
	struct bed *t, struct far_end *f, enum signal_rec_type type, uint32_t signal, double value)
{
	struct signal_rec r = { type, SIGNAL_REC_FRESH, signal, 0, value };
	struct signal_rec_wire w = signal_rec_pack(&r);

	assert_int_equal(send(f->fd, &w, sizeof(w), 0), sizeof(w));
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
}

static void test_another_process_sets_signals(void **state)
{
	struct bed *t = *state;
	struct far_end f = { 0 };

	connect_port(t, &f);
	say(t, &f, SIGNAL_REC_SET, 0, 1);
	assert_true(signals_get(t->table, LIGHT)->value == 1);
	assert_true(signals_get(t->table, LIGHT)->t_ns == 4711);
	assert_int_equal(signals_get(t->table, LIGHT)->source, SIGNAL_BY_GUEST);
	signal_port_free(f.port);
	fd_close(&f.fd);
}

static void test_a_process_that_sets_what_it_may_not_is_cut_off(void **state)
{
	struct bed *t = *state;
	struct far_end f = { 0 };

	connect_port(t, &f);
	say(t, &f, SIGNAL_REC_SET, 1, 90);
	assert_int_equal(f.gone, 1);
	assert_int_equal(signals_get(t->table, SPEED)->state, SIGNAL_UNSET);
	fd_close(&f.fd);
}

/* ---- panels ---- */

static void connect_panel(struct bed *t, struct far_end *f, uint64_t gap_ns)
{
	static const uint32_t list[] = { LIGHT, SPEED };
	struct signal_port_config cfg = { .loop = t->loop,
		.table = t->table,
		.signals = list,
		.n_signals = 2,
		.panel = true,
		.gap_ns = gap_ns,
		.now_ns = port_now,
		.gone = port_gone,
		.ctx = f };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	f->fd = pair[1];
	assert_int_equal(signal_port_new(&f->port, pair[0], &cfg), 0);
}

static void test_a_panel_holds_a_signal_over_its_feed_and_releases_it(void **state)
{
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct far_end f = { 0 };

	assert_int_equal(signals_set(t->table, SPEED, 50, 5, SIGNAL_BY_SCRIPT), 0);
	connect_panel(t, &f, 0);
	assert_int_equal(take(t, &f, r), 2);
	assert_int_equal(r[1].flags, SIGNAL_REC_FED);
	say(t, &f, SIGNAL_REC_HOLD, 1, 90);
	assert_int_equal(take(t, &f, r), 1);
	assert_int_equal(r[0].flags, SIGNAL_REC_FED | SIGNAL_REC_HELD);
	assert_true(r[0].value == 90);
	assert_int_equal(signals_set(t->table, SPEED, 51, 6, SIGNAL_BY_SCRIPT), 0);
	assert_true(signals_get(t->table, SPEED)->shown == 90);
	assert_int_equal(take(t, &f, r), 0);
	say(t, &f, SIGNAL_REC_RELEASE, 1, 0);
	assert_int_equal(take(t, &f, r), 1);
	assert_int_equal(r[0].flags, SIGNAL_REC_FED);
	assert_true(r[0].value == 51);
	signal_port_free(f.port);
	fd_close(&f.fd);
}

static void test_a_panel_hears_who_feeds_a_signal_though_its_value_stays(void **state)
{
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct far_end f = { 0 };

	connect_panel(t, &f, 0);
	assert_int_equal(take(t, &f, r), 2);
	say(t, &f, SIGNAL_REC_SET, 1, 50);
	assert_int_equal(take(t, &f, r), 1);
	assert_int_equal(r[0].flags, 0);
	assert_int_equal(signals_get(t->table, SPEED)->source, SIGNAL_BY_USER);
	assert_int_equal(signals_set(t->table, SPEED, 50, 6, SIGNAL_BY_BUS), 0);
	assert_int_equal(take(t, &f, r), 1);
	assert_int_equal(r[0].flags, SIGNAL_REC_FED);
	/* Held at what it is: nothing changes but that. */
	say(t, &f, SIGNAL_REC_HOLD, 1, 50);
	assert_int_equal(take(t, &f, r), 1);
	assert_int_equal(r[0].flags, SIGNAL_REC_FED | SIGNAL_REC_HELD);
	say(t, &f, SIGNAL_REC_HOLD, 1, 50);
	assert_int_equal(take(t, &f, r), 0);
	signal_port_free(f.port);
	fd_close(&f.fd);
}

static void test_a_panel_is_told_at_its_pace_and_of_the_newest_values(void **state)
{
	struct bed *t = *state;
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct far_end f = { 0 };
	uint64_t began_ns = clock_now_ns();
	int packets = 0;

	connect_panel(t, &f, 20 * NS_PER_MS);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(signals_set(t->table, SPEED, i % 200, 6, SIGNAL_BY_BUS), 0);
		packets += take(t, &f, r) > 0;
	}
	assert_int_equal(signals_set(t->table, SPEED, 7, 6, SIGNAL_BY_BUS), 0);
	for (int i = 0; i < 100 && r[0].value != 7; i++) {
		assert_int_equal(ev_loop_turn(t->loop, 100), 0);
		packets += take(t, &f, r) > 0;
	}
	assert_true(r[0].value == 7);
	assert_true((uint64_t)packets <= (clock_now_ns() - began_ns) / (20 * NS_PER_MS) + 1);
	signal_port_free(f.port);
	fd_close(&f.fd);
}

static void test_a_guest_may_not_hold_signals(void **state)
{
	struct bed *t = *state;
	struct signal_rec r = { .type = SIGNAL_REC_HOLD, .signal = 0, .value = 1 };
	struct signal_rec_wire w = signal_rec_pack(&r);
	struct far_end f = { 0 };

	connect_port(t, &f);
	assert_int_equal(send(f.fd, &w, sizeof(w), 0), sizeof(w));
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	assert_int_equal(f.gone, 1);
	fd_close(&f.fd);
}

static void test_a_held_value_is_brought_into_its_range_and_is_the_first_one_too(void **state)
{
	struct bed *t = *state;
	const struct signal_value *v = signals_get(t->table, SPEED);

	assert_int_equal(signals_hold(t->table, SPEED, 1e9, 3, SIGNAL_BY_USER), 0);
	assert_true(v->stuck && v->state == SIGNAL_FRESH && v->shown == v->value);
	assert_true(v->shown == signals_model(t->table)->defs[SPEED].max);
	assert_int_equal(signals_set(t->table, SPEED, 60, 4, SIGNAL_BY_SCRIPT), 0);
	assert_int_equal(signals_hold(t->table, SPEED, -1e9, 5, SIGNAL_BY_USER), 0);
	assert_true(v->shown == signals_model(t->table)->defs[SPEED].min && v->value == 60);
	assert_int_equal(signals_hold(t->table, SPEED, 0.0 / 0.0, 5, SIGNAL_BY_USER), -EDOM);
	signals_stick(t->table, SPEED, false);
	assert_true(v->shown == 60);
}

static void test_a_process_that_sends_rubbish_is_cut_off(void **state)
{
	struct bed *t = *state;
	struct far_end f = { 0 };

	connect_port(t, &f);
	assert_int_equal(send(f.fd, "rubbish", 7, 0), 7);
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	assert_int_equal(f.gone, 1);
	/* Nobody listens to a port that is gone. */
	assert_int_equal(signals_set(t->table, LIGHT, 1, 0, SIGNAL_BY_BUS), 0);
	fd_close(&f.fd);
}

static void test_a_process_that_leaves_is_forgotten(void **state)
{
	struct bed *t = *state;
	struct far_end f = { 0 };

	connect_port(t, &f);
	fd_close(&f.fd);
	assert_int_equal(ev_loop_turn(t->loop, 0), 0);
	assert_int_equal(f.gone, 1);
}

#define BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc8_j1850_has_the_values_of_the_autosar_specification),
		cmocka_unit_test(test_crc8_j1850_goes_on_where_it_stopped),
		BED(test_a_signal_is_unset_until_somebody_sets_it),
		BED(test_initial_values_are_there_at_the_beginning),
		BED(test_values_are_held_to_the_range),
		BED(test_what_is_no_number_changes_nothing),
		BED(test_a_value_is_stale_when_nothing_new_comes),
		BED(test_a_stuck_signal_shows_what_it_was),
		BED(test_subscribers_hear_of_changes_or_of_everything),
		BED(test_subscribers_of_a_stuck_signal_hear_of_no_change),
		BED(test_a_subscriber_may_drop_others_and_itself_while_it_hears),
		BED(test_a_subscriber_may_set_another_signal),
		BED(test_a_mistyped_name_is_answered_with_the_nearest),
		BED(test_values_are_numbers_or_switches),
		cmocka_unit_test(test_a_record_survives_the_wire),
		cmocka_unit_test(test_records_that_break_a_rule_are_refused),
		BED(test_another_process_gets_all_values_and_then_changes),
		BED(test_another_process_sets_signals),
		BED(test_a_process_that_sets_what_it_may_not_is_cut_off),
		BED(test_a_panel_holds_a_signal_over_its_feed_and_releases_it),
		BED(test_a_panel_hears_who_feeds_a_signal_though_its_value_stays),
		BED(test_a_panel_is_told_at_its_pace_and_of_the_newest_values),
		BED(test_a_guest_may_not_hold_signals),
		BED(test_a_held_value_is_brought_into_its_range_and_is_the_first_one_too),
		BED(test_a_process_that_sends_rubbish_is_cut_off),
		BED(test_a_process_that_leaves_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
