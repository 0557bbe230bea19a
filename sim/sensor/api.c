/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of scripts (docs/scripting.md); some more are in prelude.c. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "sim/sensor/priv.h"

#define MS_MAX    (30 * 86400e3) /* no run lasts longer */
#define PERIOD_MS 0.1
#define SAY_MAX   400

/* ---- arguments ---- */

static uint64_t check_ms(lua_State *L, int arg, const char *what)
{
	int is_number;
	double ms = lua_tonumberx(L, arg, &is_number);

	if (!is_number || !(ms >= 0) || ms > MS_MAX)
		script_raise(L, "%s needs a time in milliseconds, not %s", what,
			luaL_tolstring(L, arg, NULL));
	return (uint64_t)(ms * 1e6 + 0.5);
}

static void check_function(lua_State *L, int arg, const char *what)
{
	if (!lua_isfunction(L, arg))
		script_raise(L, "%s needs a function", what);
}

static uint32_t check_signal(lua_State *L, int arg, const char *what)
{
	const struct signal_model *m = signals_model(script_of(L)->cfg.table);
	struct err e = { .text = "" };
	uint32_t signal = 0;

	if (lua_type(L, arg) != LUA_TSTRING)
		script_raise(L, "%s needs the name of a signal", what);
	if (signal_model_find(m, lua_tostring(L, arg), &signal, &e))
		script_raise(L, "%s", e.text);
	return signal;
}

/* The bus of that name; the only one for nil, where `any` all. */
static uint32_t check_bus(lua_State *L, int arg, bool any)
{
	const struct script_config *cfg = &script_of(L)->cfg;
	const char *name = lua_tostring(L, arg);

	if (!name && (any || cfg->n_buses == 1))
		return any ? UINT32_MAX : 0;
	for (uint32_t i = 0; name && i < cfg->n_buses; i++) {
		if (strcmp(cfg->buses[i], name) == 0)
			return i;
	}
	script_raise(L, name ? "unknown bus \"%s\"" : "name the bus%s", name ? name : "");
	return 0;
}

/* An identifier; one above 7FF, or with `extended`, has 29 bits. */
static uint32_t check_id(lua_State *L, int arg, bool extended)
{
	int is_number;
	lua_Integer id = lua_tointegerx(L, arg, &is_number);

	if (!is_number || id < 0 || id > CAN_EFF_MASK)
		script_raise(L, "an identifier is a number from 0 to 0x1FFFFFFF");
	return (uint32_t)id | (extended || id > CAN_SFF_MASK ? CAN_EFF_FLAG : 0);
}

/* ---- time ---- */

static int now(lua_State *L)
{
	lua_pushnumber(L, (double)script_of(L)->now_ns / 1e6);
	return 1;
}

/* Keeps the function at `arg` and answers with the handle. */
static int keep(lua_State *L, struct call *c, int arg)
{
	lua_pushvalue(L, arg);
	c->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	lua_pushinteger(L, (lua_Integer)c->id);
	return 1;
}

static int every(lua_State *L)
{
	uint64_t period = check_ms(L, 1, "every");
	struct call *c;

	check_function(L, 2, "every");
	if (period < (uint64_t)(PERIOD_MS * 1e6))
		return script_raise(
			L, "every: %g ms is less than %g", (double)period / 1e6, PERIOD_MS);
	c = call_new(L, CALL_EVERY);
	c->period_ns = period;
	c->due_ns = c->s->now_ns + period;
	call_schedule(L, c, c->due_ns);
	return keep(L, c, 2);
}

static int start_at(lua_State *L, uint64_t t_ns)
{
	struct call *c = call_new(L, CALL_AT);

	call_schedule(L, c, MAX(t_ns, c->s->now_ns));
	return keep(L, c, 2);
}

static int at(lua_State *L)
{
	uint64_t t_ns = check_ms(L, 1, "at");

	check_function(L, 2, "at");
	return start_at(L, t_ns);
}

static int after(lua_State *L)
{
	uint64_t ns = check_ms(L, 1, "after");

	check_function(L, 2, "after");
	return start_at(L, script_of(L)->now_ns + ns);
}

static int stop(lua_State *L)
{
	int is_number;
	lua_Integer id = lua_tointegerx(L, 1, &is_number);
	struct call *c = is_number ? call_find(script_of(L), (uint64_t)id) : NULL;

	/* Those that have ended by themselves may be stopped too. */
	if (!is_number && !lua_isnil(L, 1))
		return script_raise(L, "stop needs what every, at, after or on gave");
	if (c && c->kind != CALL_WAIT)
		call_end(c);
	return 0;
}

/* wait_event(ms, signal, id, bus): yields until one of them comes. */
static int wait_event(lua_State *L)
{
	struct call *w = call_of(L);
	uint32_t signal =
		lua_isnil(L, 2) || lua_isnone(L, 2) ? SIGNAL_NONE : check_signal(L, 2, "wait_for");
	bool limited = !lua_isnoneornil(L, 1);
	uint64_t ns = limited ? check_ms(L, 1, "wait") : 0;

	if (!w || !lua_isyieldable(L))
		return script_raise(L, "cannot wait in here");
	w->turn++;
	if (!lua_isnoneornil(L, 3)) {
		w->can_id = check_id(L, 3, false);
		w->bus = check_bus(L, 4, true);
		w->hears_frame = true;
	}
	if (signal != SIGNAL_NONE)
		call_listen(w, signal);
	if (limited)
		call_schedule(L, w, w->s->now_ns + ns);
	lua_settop(L, 0);
	return lua_yield(L, 0);
}

/* ---- signals and frames ---- */

static int get(lua_State *L)
{
	const struct signals *t = script_of(L)->cfg.table;
	const struct signal_value *v = signals_get(t, check_signal(L, 1, "get"));

	if (v->state == SIGNAL_UNSET)
		lua_pushnil(L);
	else
		lua_pushnumber(L, v->shown);
	lua_pushstring(L, signal_state_name(v->state));
	return 2;
}

static int set(lua_State *L)
{
	struct script *s = script_of(L);
	uint32_t signal = check_signal(L, 1, "set");
	const struct signal_model *m = signals_model(s->cfg.table);
	double v = 0;
	bool good = true;

	if (lua_isboolean(L, 2))
		v = lua_toboolean(L, 2);
	else if (lua_type(L, 2) == LUA_TNUMBER)
		v = lua_tonumber(L, 2);
	else
		good = lua_type(L, 2) == LUA_TSTRING &&
		       signal_parse(m, signal, lua_tostring(L, 2), &v);
	if (!good || !isfinite(v))
		return script_raise(L, "set: %s is no value of %s", luaL_tolstring(L, 2, NULL),
			m->defs[signal].name);
	(void)!signals_set(s->cfg.table, signal, v, s->now_ns, SIGNAL_BY_SCRIPT);
	return 0;
}

/* stuck(name, on): what others see of the signal stays what it is, or follows it again. */
static int stuck(lua_State *L)
{
	uint32_t signal = check_signal(L, 1, "stuck");

	signals_stick(script_of(L)->cfg.table, signal, lua_isnone(L, 2) || lua_toboolean(L, 2));
	return 0;
}

static int listen(lua_State *L, bool stale)
{
	uint32_t signal = check_signal(L, 1, stale ? "on_stale" : "on");
	struct call *c = call_new(L, CALL_SIGNAL);

	c->stale = stale;
	call_listen(c, signal);
	return keep(L, c, 2);
}

static int on_stale(lua_State *L)
{
	check_function(L, 2, "on_stale");
	return listen(L, true);
}

/* on(name, fn), on(id, fn), on({ id =, bus =, extended = }, fn) */
static int on(lua_State *L)
{
	uint32_t id, bus = UINT32_MAX;
	struct call *c;

	check_function(L, 2, "on");
	if (lua_istable(L, 1)) {
		lua_settop(L, 2);
		lua_getfield(L, 1, "id");
		lua_getfield(L, 1, "bus");
		lua_getfield(L, 1, "extended");
		id = check_id(L, 3, lua_toboolean(L, 5));
		bus = check_bus(L, 4, true);
	} else if (lua_type(L, 1) == LUA_TNUMBER) {
		id = check_id(L, 1, false);
	} else {
		return listen(L, false);
	}
	c = call_new(L, CALL_FRAME);
	c->can_id = id;
	c->bus = bus;
	c->hears_frame = true;
	return keep(L, c, 2);
}

void api_push_frame(lua_State *L, const struct script *s, uint32_t bus, const struct canfd_frame *f)
{
	bool extended = f->can_id & CAN_EFF_FLAG;

	lua_createtable(L, 0, 6);
	lua_pushinteger(L, f->can_id & (extended ? CAN_EFF_MASK : CAN_SFF_MASK));
	lua_setfield(L, -2, "id");
	lua_pushboolean(L, extended);
	lua_setfield(L, -2, "extended");
	lua_pushboolean(L, f->flags & CANFD_FDF);
	lua_setfield(L, -2, "fd");
	lua_pushboolean(L, (f->can_id & CAN_RTR_FLAG) != 0);
	lua_setfield(L, -2, "rtr");
	lua_pushstring(L, s->cfg.buses[bus]);
	lua_setfield(L, -2, "bus");
	lua_pushlstring(L, (const char *)f->data, f->len);
	lua_setfield(L, -2, "data");
}

/* A frame written as a table like those that handlers get, at `arg`. */
static void read_frame(lua_State *L, int arg, struct canfd_frame *f)
{
	size_t len = 0;
	const char *data;
	bool extended, fd;

	lua_getfield(L, arg, "extended");
	extended = lua_toboolean(L, -1);
	lua_getfield(L, arg, "id");
	f->can_id = check_id(L, lua_gettop(L), extended);
	lua_getfield(L, arg, "fd");
	fd = lua_toboolean(L, -1);
	lua_getfield(L, arg, "rtr");
	f->can_id |= lua_toboolean(L, -1) ? CAN_RTR_FLAG : 0;
	lua_getfield(L, arg, "data");
	data = lua_tolstring(L, -1, &len);
	if (len > (fd ? CANFD_MAX_DLEN : CAN_MAX_DLEN))
		script_raise(L, "send: %d bytes are too many", (int)len);
	f->len = (uint8_t)len;
	f->flags = fd ? CANFD_FDF : 0;
	if (data)
		memcpy(f->data, data, len);
	lua_settop(L, arg + 1);
}

/* send("123#AABB", bus), send({ id =, data =, ... }, bus) */
static int send_frame(lua_State *L)
{
	const struct script_config *cfg = &script_of(L)->cfg;
	struct canfd_frame f = { 0 };
	struct err e = { .text = "" };
	uint32_t bus;

	lua_settop(L, 2);
	bus = check_bus(L, 2, false);
	if (lua_istable(L, 1))
		read_frame(L, 1, &f);
	else if (lua_type(L, 1) != LUA_TSTRING)
		return script_raise(L, "send needs a frame");
	else if (cfg->parse(lua_tostring(L, 1), &f, &e))
		return script_raise(L, "send: \"%s\": %s", lua_tostring(L, 1), e.text);
	script_send_later(L, bus, &f);
	return 0;
}

/* ---- the rest ---- */

static int say(lua_State *L)
{
	const struct script_config *cfg = &script_of(L)->cfg;
	char line[SAY_MAX];
	size_t at = 0;

	line[0] = '\0';
	for (int i = 1, n = lua_gettop(L); i <= n && at < sizeof(line); i++) {
		const char *word = luaL_tolstring(L, i, NULL);

		at += (size_t)snprintf(
			line + at, sizeof(line) - at, "%s%s", i > 1 ? " " : "", word);
		lua_pop(L, 1);
	}
	if (cfg->say)
		cfg->say(cfg->ctx, line);
	return 0;
}

/* For the functions that are written in Lua. */
static int raise(lua_State *L)
{
	return script_raise(L, "%s", luaL_checkstring(L, 1));
}

void api_open(lua_State *L)
{
	static const luaL_Reg functions[] = { { "now", now }, { "every", every }, { "at", at },
		{ "after", after }, { "stop", stop }, { "wait_event", wait_event }, { "get", get },
		{ "set", set }, { "stuck", stuck }, { "on", on }, { "on_stale", on_stale },
		{ "send", send_frame }, { "log", say }, { "print", say }, { "fail", raise },
		{ NULL, NULL } };

	lua_pushglobaltable(L);
	luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
