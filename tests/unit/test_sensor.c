/* SPDX-License-Identifier: Apache-2.0 */
/* Scripts: what they can do, when, and what stops them. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "sim/sensor/random.h"
#include "sim/sensor/script.h"

enum { SPEED, GEAR, WANT, N_DEFS };

static const struct signal_def defs[N_DEFS] = {
	[SPEED] = { .name = "Speed", .unit = "km/h", .doc = "", .stale_ns = 50 * NS_PER_MS },
	[GEAR] = { .name = "Gear", .unit = "", .doc = "" },
	[WANT] = { .name = "Want", .unit = "", .doc = "" },
};

static const char *const buses[] = { "can0", "can1" };

struct bed {
	char folder[64];
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	struct signal_model model;
	struct signals *table;
	struct script *script;
	uint32_t n_buses;
	uint64_t seed, memory, instructions;
	struct err e;
	char said[8192]; /* lines, with their newlines */
	char failure[512];
	unsigned int failures;
	struct canfd_frame frame; /* the last that was sent */
	uint32_t frame_bus;
	uint64_t frame_ns;
	unsigned int frames;
};

static int setup(void **state)
{
	struct bed *t = calloc(1, sizeof(*t));

	snprintf(t->folder, sizeof(t->folder), "/tmp/dyno-sensor-XXXXXX");
	assert_non_null(mkdtemp(t->folder));
	assert_int_equal(ev_loop_new(&t->loop), 0);
	bench_clock_init(&t->clock);
	assert_int_equal(agenda_init(&t->agenda, t->loop, &t->clock), 0);
	t->model = (struct signal_model){ .n_defs = N_DEFS, .defs = defs };
	for (uint32_t i = 0; i < N_DEFS; i++)
		assert_int_equal(signal_model_add_name(&t->model, defs[i].name, i), 0);
	assert_int_equal(signals_new(&t->table, &t->model, &t->agenda), 0);
	t->n_buses = 1;
	t->seed = 1;
	t->memory = 4u << 20;
	t->instructions = 1000000;
	*state = t;
	return 0;
}

static const char *path_of(const struct bed *t, const char *name)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s/%s", t->folder, name);
	return path;
}

static int teardown(void **state)
{
	static const char *const names[] = { "car.lua", "lib.lua", "curve.csv", "link.lua" };
	struct bed *t = *state;

	agenda_fini(&t->agenda);
	script_free(t->script);
	signals_free(t->table);
	signal_model_fini(&t->model);
	ev_loop_free(t->loop);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unlink(path_of(t, names[i]));
	rmdir(t->folder);
	free(t);
	return 0;
}

static void write_file(const struct bed *t, const char *name, const char *text)
{
	FILE *f = fopen(path_of(t, name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int parse(const char *text, struct canfd_frame *out, struct err *e)
{
	if (strcmp(text, "123#AA") != 0)
		return err_set(e, -EINVAL, "not a frame");
	*out = (struct canfd_frame){ .can_id = 0x123, .len = 1, .data = { 0xaa } };
	return 0;
}

static int take_frame(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	struct bed *t = ctx;

	t->frame = *f;
	t->frame_bus = bus;
	t->frame_ns = t_ns;
	t->frames++;
	return 0;
}

static void take_line(void *ctx, const char *text)
{
	struct bed *t = ctx;
	size_t len = strlen(t->said);

	snprintf(t->said + len, sizeof(t->said) - len, "%s\n", text);
}

static void take_failure(void *ctx, const char *message, uint64_t t_ns)
{
	struct bed *t = ctx;

	(void)t_ns;
	snprintf(t->failure, sizeof(t->failure), "%s", message);
	t->failures++;
}

static int open_script(struct bed *t, const char *text)
{
	static const struct script_arg args[] = { { "mass", "1450" }, { "name", "car" } };
	struct script_config cfg = { .name = "car.lua",
		.folder = t->folder,
		.seed = t->seed,
		.memory_bytes = t->memory,
		.instructions = t->instructions,
		.args = args,
		.n_args = 2,
		.table = t->table,
		.agenda = &t->agenda,
		.buses = buses,
		.n_buses = t->n_buses,
		.parse = parse,
		.send = take_frame,
		.say = take_line,
		.failed = take_failure,
		.ctx = t };
	char path[200];

	write_file(t, "car.lua", text);
	snprintf(path, sizeof(path), "%s", path_of(t, "car.lua"));
	cfg.file = path;
	return script_new(&t->script, &cfg, &t->e);
}

static void run_to(struct bed *t, uint64_t ms)
{
	agenda_run_to(&t->agenda, ms * NS_PER_MS);
}

/* Starts it and lets it run to a time. */
static void play(struct bed *t, const char *text, uint64_t ms)
{
	if (open_script(t, text))
		fail_msg("%s", t->e.text);
	run_to(t, ms);
}

static void expect_said(struct bed *t, const char *text)
{
	if (t->failures)
		fail_msg("%s", t->failure);
	assert_string_equal(t->said, text);
}

static void expect_failure(struct bed *t, const char *part)
{
	assert_int_equal(t->failures, 1);
	if (!strstr(t->failure, part))
		fail_msg("got \"%s\", want \"%s\"", t->failure, part);
}

static void set(struct bed *t, uint32_t signal, double v, uint64_t ms)
{
	assert_int_equal(signals_set(t->table, signal, v, ms * NS_PER_MS, SIGNAL_BY_BUS), 0);
}

/* ---- time ---- */

static void test_every_at_and_after_keep_bench_time(void **state)
{
	struct bed *t = *state;

	play(t,
		"log('main', now())\n"
		"local h = every(10, function() log('every', now()) end)\n"
		"at(25, function() log('at', now()) stop(h) end)\n"
		"after(5, function() log('after', now()) end)\n",
		100);
	expect_said(t, "main 0.0\nafter 5.0\nevery 10.0\nevery 20.0\nat 25.0\n");
}

static void test_a_function_may_wait_and_is_not_called_again_meanwhile(void **state)
{
	struct bed *t = *state;

	play(t,
		"every(10, function() log('in', now()) wait(15) log('out', now()) end)\n"
		"wait(2.5) log('main', now())\n",
		46);
	expect_said(t, "main 2.5\nin 10.0\nout 25.0\nin 30.0\nout 45.0\n");
}

static void test_nothing_happens_before_its_time(void **state)
{
	struct bed *t = *state;

	play(t, "at(25, function() log('at') end)", 24);
	expect_said(t, "");
	run_to(t, 25);
	expect_said(t, "at\n");
}

/* ---- signals ---- */

static void test_signals_are_set_and_read(void **state)
{
	struct bed *t = *state;

	play(t,
		"log(get('Speed'))\n"
		"set('Speed', 50) set { Gear = true, Want = '2.5' }\n"
		"log(get('Speed')) log(get('Gear'))\n",
		0);
	expect_said(t, "nil unset\n50.0 fresh\n1.0 fresh\n");
	assert_true(signals_get(t->table, WANT)->value == 2.5);
	assert_int_equal(signals_get(t->table, WANT)->source, SIGNAL_BY_SCRIPT);
}

static void test_a_script_makes_a_sensor_stick(void **state)
{
	struct bed *t = *state;

	play(t,
		"set('Speed', 5) stuck('Speed') set('Speed', 6) log(get('Speed'))\n"
		"stuck('Speed', false) log(get('Speed'))\n",
		0);
	expect_said(t, "5.0 fresh\n6.0 fresh\n");
}

static void test_a_script_hears_of_changes_and_of_age(void **state)
{
	struct bed *t = *state;

	play(t,
		"local h = on('Speed', function(v, name) log(name, v, now()) end)\n"
		"on_stale('Speed', function(v) log('stale', v, now()) end)\n"
		"at(30, function() stop(h) end)\n",
		0);
	set(t, SPEED, 5, 10);
	run_to(t, 10);
	set(t, SPEED, 5, 11);
	set(t, SPEED, 6, 20);
	run_to(t, 30);
	set(t, SPEED, 7, 31);
	run_to(t, 200);
	expect_said(t, "Speed 5.0 10.0\nSpeed 6.0 20.0\nstale 7.0 81.0\n");
}

static void test_wait_for_a_value_a_change_or_a_limit(void **state)
{
	struct bed *t = *state;

	play(t,
		"log(wait_for('Speed'), now())\n"
		"log(wait_for('Speed', 50), now())\n"
		"log(wait_for('Speed', function(v) return v > 60 end), now())\n"
		"log(wait_for('Speed', function(v) return v > 60 end), now())\n"
		"log(wait_for('Gear', nil, 7), now())\n",
		0);
	set(t, SPEED, 40, 1);
	run_to(t, 1);
	set(t, SPEED, 45, 2);
	run_to(t, 2);
	set(t, SPEED, 50, 3);
	run_to(t, 3);
	set(t, SPEED, 61, 4);
	run_to(t, 20);
	expect_said(t, "40.0 1.0\n50.0 3.0\n61.0 4.0\n61.0 4.0\nnil 11.0\n");
}

static void test_ramps_end_where_they_shall(void **state)
{
	struct bed *t = *state;

	play(t, "set('Speed', 10) ramp('Speed', 20, 100, 25) on('Speed', function(v) log(v) end)",
		500);
	expect_said(t, "12.5\n15.0\n17.5\n20.0\n");
}

/* ---- frames ---- */

static void hear(struct bed *t, uint32_t bus, uint32_t id, uint64_t ms)
{
	struct canfd_frame f = { .can_id = id, .len = 2, .data = { 0x11, 0x22 } };

	script_frame(t->script, bus, &f, ms * NS_PER_MS);
	run_to(t, ms);
}

static void test_a_script_hears_frames_of_an_identifier(void **state)
{
	struct bed *t = *state;

	t->n_buses = 2;
	play(t,
		"local function show(f)\n"
		"  log(f.bus, f.id, f.extended, #f.data, f.data:byte(2), now()) end\n"
		"on(0x123, show)\n"
		"on({ id = 0x124, bus = 'can1' }, show)\n"
		"on({ id = 0x5, extended = true }, show)\n"
		"local f = wait_frame(0x200, 100) log('got', f.id)\n"
		"log(wait_frame(0x200, 10))\n",
		0);
	hear(t, 0, 0x123, 1);
	hear(t, 0, 0x124, 2);
	hear(t, 1, 0x124, 3);
	hear(t, 0, 0x5, 4);
	hear(t, 0, 0x5 | CAN_EFF_FLAG, 5);
	hear(t, 1, 0x200, 6);
	run_to(t, 20);
	expect_said(t, "can0 291 false 2 34 1.0\ncan1 292 false 2 34 3.0\ncan0 5 true 2 34 5.0\n"
		       "got 512\nnil\n");
}

static void test_frames_are_sent_as_text_or_as_tables(void **state)
{
	struct bed *t = *state;

	play(t, "at(5, function() send('123#AA') end)", 10);
	assert_int_equal(t->frames, 1);
	assert_int_equal(t->frame.data[0], 0xaa);
	assert_true(t->frame_ns == 5 * NS_PER_MS);
	script_free(t->script);
	t->n_buses = 2;
	play(t, "at(20, function() send({ id = 0x18DAF110, data = '\\x01\\x02', fd = true }, 'can1') end)",
		30);
	assert_int_equal(t->frames, 2);
	assert_int_equal(t->frame_bus, 1);
	assert_int_equal(t->frame.can_id, 0x18DAF110 | CAN_EFF_FLAG);
	assert_int_equal(t->frame.len, 2);
	assert_int_equal(t->frame.flags, CANFD_FDF);
	assert_string_equal(t->failure, "");
}

static void test_a_script_makes_checksums(void **state)
{
	static const uint8_t data[] = { 1, 2, 4 };
	struct bed *t = *state;
	uint64_t v = 0;

	play(t, "function crc(d, name) log(name) return d:byte(1) + d:byte(3) end\nfunction bad() end",
		0);
	assert_int_equal(script_checksum(t->script, "crc", "Motor", data, 3, 0, &v), 0);
	assert_true(v == 5);
	expect_said(t, "Motor\n");
	assert_int_equal(script_checksum(t->script, "other", "Motor", data, 3, 0, &v), -ENOENT);
	assert_int_equal(script_checksum(t->script, "bad", "Motor", data, 3, 0, &v), -EINVAL);
	expect_failure(t, "the checksum of Motor is no number");
	assert_int_equal(script_checksum(t->script, "crc", "Motor", data, 3, 0, &v), -ENOENT);
}

/* ---- the same every time ---- */

static void test_the_generator_is_xoshiro256(void **state)
{
	struct rng r;

	(void)state;
	/* SplitMix64 of 0, and what the generator's reference code makes of it. */
	rng_seed(&r, 0);
	assert_true(r.s[0] == UINT64_C(0xe220a8397b1dcdaf));
	assert_true(r.s[3] == UINT64_C(0xf88bb8a8724c81ec));
	assert_true(rng_next(&r) == UINT64_C(0x99ec5f36cb75f2b4));
	assert_true(rng_next(&r) == UINT64_C(0xbf6e1f784956452a));
}

static void test_equal_seeds_give_equal_numbers_and_others_others(void **state)
{
	static const char text[] = "for i = 1, 5 do log(math.random(), math.random(6), noise(2), "
				   "uniform(3, 4), normal()) end";
	struct bed *t = *state;
	char first[sizeof(t->said)];

	play(t, text, 0);
	memcpy(first, t->said, sizeof(first));
	script_free(t->script);
	t->said[0] = '\0';
	play(t, text, 0);
	expect_said(t, first);
	script_free(t->script);
	t->said[0] = '\0';
	t->seed = 2;
	play(t, text, 0);
	assert_string_not_equal(t->said, first);
}

static void test_pairs_has_an_order(void **state)
{
	struct bed *t = *state;

	play(t,
		"local t = { b = 1, a = 2, [10] = 3, [2] = 4, [true] = 5, zz = 6, [-1.5] = 7 }\n"
		"for k, v in pairs(t) do log(k, v) if k == 'a' then t.b = nil end end\n",
		0);
	expect_said(t, "-1.5 7\n2 4\n10 3\na 2\nzz 6\ntrue 5\n");
}

static void test_arguments_come_from_the_scenario(void **state)
{
	struct bed *t = *state;

	play(t, "log(args.mass + 1, args.name, args.none)", 0);
	expect_said(t, "1451 car nil\n");
}

/* ---- files ---- */

static void test_curves_have_what_lies_between(void **state)
{
	struct bed *t = *state;

	write_file(t, "curve.csv", "t,speed,gear\n0,10,1\n# a comment\n2,20,2\n4,20,3\n");
	play(t,
		"local c = curve('curve.csv', 'speed')\n"
		"log(c(-1), c(0), c(0.5), c:at(2), c(3), c(9), #c, c:first(), c:last())\n"
		"local g = curve('curve.csv', 3, 'step') log(g(1.9), g(2))\n"
		"play('Speed', c, 500) wait(5000) log(get('Speed'))\n",
		10000);
	expect_said(t, "10.0 10.0 12.5 20.0 20.0 20.0 3 0.0 4.0\n1.0 2.0\n20.0 stale\n");
}

static void test_broken_curves_are_told(void **state)
{
	static const struct {
		const char *csv, *call, *part;
	} cases[] = {
		{ "0,1\n1,x\n", "curve('curve.csv')", "curve.csv:2: no number" },
		{ "1,1\n0,1\n", "curve('curve.csv')", "curve.csv:2: the time goes backwards" },
		{ "t,v\n", "curve('curve.csv')", "has no values" },
		{ "", "curve('curve.csv')", "has no values" },
		{ "t,v\n0,1\n", "curve('curve.csv', 'speed')", "no column \"speed\"" },
		{ "0,1\n", "curve('curve.csv', 2, 'cubic')", "neither linear nor step" },
		{ "0,1\n", "curve('other.csv')", "cannot read \"other.csv\"" },
	};
	struct bed *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		t->failures = 0;
		write_file(t, "curve.csv", cases[i].csv);
		play(t, cases[i].call, 0);
		expect_failure(t, cases[i].part);
		script_free(t->script);
		t->script = NULL;
	}
}

static void test_modules_are_files_of_the_folder(void **state)
{
	struct bed *t = *state;

	write_file(t, "lib.lua", "log('once') return { answer = 42 }");
	play(t, "log(require('lib').answer, require 'lib' == require 'lib')", 0);
	expect_said(t, "once\n42 true\n");
}

static void test_no_file_outside_of_the_folder_is_read(void **state)
{
	static const char *const names[] = { "../../etc/passwd", "/etc/passwd", "link", "." };
	struct bed *t = *state;

	assert_int_equal(symlink("/etc/passwd", path_of(t, "link.lua")), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char text[200];

		t->failures = 0;
		snprintf(text, sizeof(text), "%s('%s')", i == 2 ? "require" : "curve", names[i]);
		play(t, text, 0);
		expect_failure(t, i == 3 ? "is not a file" : "outside of the scenario's folder");
		script_free(t->script);
		t->script = NULL;
	}
}

/* ---- what stops a script ---- */

static void test_errors_have_the_users_line(void **state)
{
	static const struct {
		const char *text, *failure;
	} cases[] = {
		{ "\nset('Spede', 1)",
			"car.lua:2: unknown signal \"Spede\"; did you mean \"Speed\"?" },
		{ "\n\nset('Speed', {})", "car.lua:3: set: table:" },
		{ "set('Speed', 0/0)", "is no value of Speed" },
		{ "set('Speed', 'fast')", "car.lua:1: set: fast is no value of Speed" },
		{ "\nramp('Spede', 1, 2)", "car.lua:2: unknown signal" },
		{ "\nwait(-1)", "car.lua:2: wait needs a time in milliseconds" },
		{ "\nwait_for('Speed', 1, 'x')", "car.lua:2: wait_for needs a time" },
		{ "every(0, print)", "car.lua:1: every: 0 ms is less than 0.1" },
		{ "every('x', print)", "every needs a time in milliseconds, not x" },
		{ "every(1)", "car.lua:1: every needs a function" },
		{ "on('Speed')", "on needs a function" },
		{ "on(-1, print)", "an identifier is a number" },
		{ "stop('x')", "stop needs what every" },
		{ "send('12')", "car.lua:1: send: \"12\": not a frame" },
		{ "send({ id = 1, data = '123456789' })", "9 bytes are too many" },
		{ "send('123#AA', 'can7')", "unknown bus \"can7\"" },
		{ "local x\n\nx.y = 1", "car.lua:3: attempt to index a nil value" },
		{ "error({})", "an error without a text" },
		{ "at(0, function() error('boom') end)", "car.lua:1: boom" },
		{ "play('Speed', 3)", "car.lua:1:" },
		{ "for i = 1, 5000 do every(1, print) end", "car.lua:1: more than 4096 callbacks" },
	};
	struct bed *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		t->failures = 0;
		play(t, cases[i].text, 0);
		expect_failure(t, cases[i].failure);
		script_free(t->script);
		t->script = NULL;
	}
}

static void test_a_text_that_is_no_lua_is_refused_with_its_line(void **state)
{
	struct bed *t = *state;

	assert_int_equal(open_script(t, "log('a')\nlog(\n"), -EINVAL);
	assert_non_null(strstr(t->e.text, "car.lua:3: unexpected symbol"));
	assert_int_equal(open_script(t, "\x1bLuaS"), -EINVAL);
	assert_int_equal(script_check("x.lua", "x = = 1", 7, &t->e), -EINVAL);
	assert_non_null(strstr(t->e.text, "x.lua:1:"));
	assert_int_equal(script_check("x.lua", "x = 1", 5, &t->e), 0);
}

static void test_a_script_that_runs_away_is_stopped_at_its_line(void **state)
{
	static const char *const texts[] = {
		"log('in')\nwhile true do end",
		"log('in')\nfor i = 1, 1e15 do local x = i end",
		"log('in')\nwhile true do pcall(function() while true do end end) end",
		"log('in')\nlocal function f() while true do end end\nwhile true do xpcall(f, f) end",
		"log('in')\nlocal function f() return f() end f()",
		"log('in') every(1, function() while true do end end)",
		"log('in') local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end }) while true do pcall(function() return t[1] end) end",
		"log('in')\ntable.sort({ 3, 1, 2 }, function() while true do end end)",
		"log('in')\nlocal x <close> = setmetatable({}, { __close = function() while true do end end })",
	};
	struct bed *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		t->failures = 0;
		t->said[0] = '\0';
		play(t, texts[i], 5);
		assert_string_equal(t->said, "in\n");
		expect_failure(t, "it ran for more than 1000000 instructions without an end");
		assert_int_equal(strncmp(t->failure, "car.lua:", 8), 0);
		script_free(t->script);
		t->script = NULL;
	}
}

static void test_a_script_that_wants_too_much_memory_is_stopped(void **state)
{
	static const char *const texts[] = {
		"local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
		"local s = 'x' while true do s = s .. s end",
		"local function f(n) return 1 + f(n + 1) end f(1)",
		"local t = {} for i = 1, 1e9 do t[i] = i end",
	};
	struct bed *t = *state;
	struct script_stats st;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		t->failures = 0;
		play(t, texts[i], 0);
		expect_failure(t, i == 2 ? "" : "not enough memory");
		script_get_stats(t->script, &st);
		assert_true(st.failed && st.peak_bytes <= t->memory && st.memory_bytes == 0);
		script_free(t->script);
		t->script = NULL;
	}
}

static void test_what_runs_long_outside_of_lua_is_refused(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{ "('a'):rep(300):find(('.-'):rep(20) .. 'b')", "too many repetitions" },
		{ "('').rep('', 1e15)", "string.rep: more than" },
		{ "table.insert(setmetatable({}, { __len = function() return 1e15 end }), 1, 1)",
			"__len" },
		{ "setmetatable({}, { __gc = function() end })", "have no __gc" },
		{ "local function f() return table.unpack({}, 1, 1e7) end f()",
			"too many results" },
	};
	struct bed *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		t->failures = 0;
		play(t, cases[i].text, 0);
		expect_failure(t, cases[i].part);
		script_free(t->script);
		t->script = NULL;
	}
	/* What people write goes through. */
	t->failures = 0;
	play(t, "log((' key = value '):match('^%s*(%w+)%s*=%s*(%w+)%s*$'))", 0);
	expect_said(t, "key value\n");
}

static void test_what_reaches_out_is_not_there(void **state)
{
	struct bed *t = *state;

	play(t,
		"for _, n in ipairs { 'io', 'os', 'debug', 'package', 'coroutine', 'load', 'loadfile',\n"
		"  'dofile', 'loadstring', 'collectgarbage', 'next', 'wait_event', 'fail', 'warn' } do\n"
		"  if _G[n] ~= nil then log(n) end\n"
		"end\n"
		"log(string.dump, table.move, math.randomseed)\n"
		"log(getmetatable(curve), pcall(getmetatable('').__index.find, 'a', 'a'))\n",
		0);
	expect_said(t, "nil nil nil\nnil true 1 1\n");
}

static void test_handlers_that_call_each_other_without_end_are_stopped(void **state)
{
	struct bed *t = *state;

	play(t,
		"on('Speed', function(v) set('Gear', v + 1) end)\n"
		"on('Gear', function(v) set('Speed', v + 1) end)\n"
		"set('Speed', 1)\n",
		1);
	expect_failure(t, "more than 10000 times at one moment");
}

static void test_a_script_that_failed_does_nothing_more(void **state)
{
	struct bed *t = *state;

	play(t,
		"every(1, function() log('tick') end)\n"
		"on('Speed', function() log('speed') end)\n"
		"at(2.5, function() error('done') end)\n",
		5);
	assert_string_equal(t->said, "tick\ntick\n");
	set(t, SPEED, 1, 6);
	hear(t, 0, 0x123, 7);
	run_to(t, 100);
	assert_string_equal(t->said, "tick\ntick\n");
	expect_failure(t, "car.lua:3: done");
}

static void test_waiting_is_refused_where_nobody_can_wait(void **state)
{
	struct bed *t = *state;

	play(t, "table.sort({ 2, 1 }, function() wait(1) end)", 0);
	expect_failure(t, "cannot wait in here");
}

#define BED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BED(test_every_at_and_after_keep_bench_time),
		BED(test_a_function_may_wait_and_is_not_called_again_meanwhile),
		BED(test_nothing_happens_before_its_time),
		BED(test_signals_are_set_and_read),
		BED(test_a_script_makes_a_sensor_stick),
		BED(test_a_script_hears_of_changes_and_of_age),
		BED(test_wait_for_a_value_a_change_or_a_limit),
		BED(test_ramps_end_where_they_shall),
		BED(test_a_script_hears_frames_of_an_identifier),
		BED(test_frames_are_sent_as_text_or_as_tables),
		BED(test_a_script_makes_checksums),
		cmocka_unit_test(test_the_generator_is_xoshiro256),
		BED(test_equal_seeds_give_equal_numbers_and_others_others),
		BED(test_pairs_has_an_order),
		BED(test_arguments_come_from_the_scenario),
		BED(test_curves_have_what_lies_between),
		BED(test_broken_curves_are_told),
		BED(test_modules_are_files_of_the_folder),
		BED(test_no_file_outside_of_the_folder_is_read),
		BED(test_errors_have_the_users_line),
		BED(test_a_text_that_is_no_lua_is_refused_with_its_line),
		BED(test_a_script_that_runs_away_is_stopped_at_its_line),
		BED(test_a_script_that_wants_too_much_memory_is_stopped),
		BED(test_what_runs_long_outside_of_lua_is_refused),
		BED(test_what_reaches_out_is_not_there),
		BED(test_handlers_that_call_each_other_without_end_are_stopped),
		BED(test_a_script_that_failed_does_nothing_more),
		BED(test_waiting_is_refused_where_nobody_can_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
