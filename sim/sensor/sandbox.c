/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of Lua's own library scripts have: nothing that reaches a file, a process or another state,
 * nothing that runs long without being counted, nothing whose results differ from run to run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/sensor/priv.h"

#define MODULE_MAX ((size_t)1 << 20)
/* Steps that a pattern may take at worst: a match is not interrupted. */
#define PATTERN_STEPS 2e9
#define REPEAT_MAX    ((lua_Integer)1 << 24)

/* ---- files ---- */

int sandbox_open_file(const struct script *s, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	struct stat st;
	int fd = (int)syscall(SYS_openat2, s->dir_fd, path, &how, sizeof(how));

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	fd_close(&fd);
	return -EINVAL;
}

static int raise_open(lua_State *L, const char *path, int rc)
{
	if (rc == -EXDEV)
		return script_raise(L, "\"%s\" lies outside of the scenario's folder", path);
	if (rc == -EINVAL)
		return script_raise(L, "\"%s\" is not a file", path);
	return script_raise(L, "cannot read \"%s\": %s", path, strerror(-rc));
}

const char *sandbox_read(lua_State *L, const char *path, size_t max, size_t *len)
{
	int fd = sandbox_open_file(script_of(L), path);
	struct stat st;
	size_t n = 0;
	char *text;

	if (fd < 0)
		raise_open(L, path, fd);
	if (fstat(fd, &st) || (size_t)st.st_size > max) {
		close(fd);
		script_raise(L, "\"%s\" is larger than %d MiB", path, (int)(max >> 20));
	}
	close(fd);
	/* An error for want of memory leaves no descriptor behind. */
	text = lua_newuserdatauv(L, (size_t)st.st_size + 1, 0);
	fd = sandbox_open_file(script_of(L), path);
	if (fd < 0)
		raise_open(L, path, fd);
	while (n < (size_t)st.st_size) {
		ssize_t k = read(fd, text + n, (size_t)st.st_size - n);

		if (k <= 0)
			break;
		n += (size_t)k;
	}
	close(fd);
	text[n] = '\0';
	*len = n;
	return text;
}

/* require("lib/gearbox"): the file lib/gearbox.lua of the folder, once. */
static int require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1), *text;
	char path[NAME_MAX_LUA + 8];
	size_t len;

	if (strlen(name) > NAME_MAX_LUA)
		return script_raise(L, "the name of a module is longer than %d", NAME_MAX_LUA);
	luaL_getsubtable(L, LUA_REGISTRYINDEX, "dyno.modules");
	if (lua_getfield(L, -1, name) != LUA_TNIL)
		return 1;
	snprintf(path, sizeof(path), "%s.lua", name);
	text = sandbox_read(L, path, MODULE_MAX, &len);
	lua_pushfstring(L, "@%s", path);
	if (luaL_loadbufferx(L, text, len, lua_tostring(L, -1), "t") != LUA_OK)
		return script_raise(L, "%s", lua_tostring(L, -1));
	/* A module that requires itself gets true. */
	lua_pushboolean(L, 1);
	lua_setfield(L, 2, name);
	lua_call(L, 0, 1);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
	}
	lua_pushvalue(L, -1);
	lua_setfield(L, 2, name);
	return 1;
}

/* ---- the same in every run ---- */

static int order_of(lua_State *L, int i)
{
	switch (lua_type(L, i)) {
	case LUA_TNUMBER:
		return 0;
	case LUA_TSTRING:
		return 1;
	case LUA_TBOOLEAN:
		return 2;
	default:
		return 3;
	}
}

/* Whether key a comes before key b: numbers, then texts; others stay in Lua's order. */
static int key_less(lua_State *L)
{
	int a = order_of(L, 1), b = order_of(L, 2);
	bool less = a < b;

	if (a == b)
		less = a <= 1 ? lua_compare(L, 1, 2, LUA_OPLT)
			      : a == 2 && !lua_toboolean(L, 1) && lua_toboolean(L, 2);
	lua_pushboolean(L, less);
	return 1;
}

/* next(keys, i): upvalues are the keys and how far it has come. */
static int pairs_next(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));

	for (;;) {
		i++;
		lua_pushinteger(L, i);
		lua_replace(L, lua_upvalueindex(2));
		if (lua_rawgeti(L, lua_upvalueindex(1), i) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) != LUA_TNIL)
			return 2;
		/* It was taken out meanwhile. */
		lua_pop(L, 2);
	}
}

/*
 * pairs() in the order of the keys: Lua's own order depends on where things lie in memory, and two
 * runs would differ.
 */
static int pairs(lua_State *L)
{
	lua_Integer n = 0;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, "dyno.sort");
	lua_newtable(L);
	lua_pushnil(L);
	while (lua_next(L, 1)) {
		lua_pop(L, 1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, 3, ++n);
	}
	lua_pushvalue(L, 2);
	lua_pushvalue(L, 3);
	lua_pushcfunction(L, key_less);
	lua_call(L, 2, 0);
	lua_settop(L, 3);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, pairs_next, 2);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

static int math_random(lua_State *L)
{
	struct script *s = script_of(L);
	double low = 1, high;
	uint64_t span;

	if (lua_gettop(L) == 0) {
		lua_pushnumber(L, rng_unit(&s->rng));
		return 1;
	}
	if (lua_gettop(L) > 1)
		low = (double)luaL_checkinteger(L, 1);
	high = (double)luaL_checkinteger(L, lua_gettop(L) > 1 ? 2 : 1);
	if (high < low || high - low >= 0x1p53)
		return script_raise(L, "random: there is no number from %f to %f", low, high);
	span = (uint64_t)(high - low) + 1;
	lua_pushinteger(L, (lua_Integer)low + (lua_Integer)(rng_unit(&s->rng) * (double)span));
	return 1;
}

static int normal(lua_State *L)
{
	lua_pushnumber(L, rng_normal(&script_of(L)->rng));
	return 1;
}

/* ---- nothing that runs long in C ---- */

/* Calls the library's function, the upvalue, with the same arguments. */
static int go_on(lua_State *L)
{
	int n = lua_gettop(L);

	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, n, LUA_MULTRET);
	return lua_gettop(L);
}

/* A pattern of k repetitions takes n^(k+1) / (k+1)! steps at worst on a text of n bytes. */
static int guard_pattern(lua_State *L)
{
	double steps;
	size_t n, len;
	const char *p;

	luaL_checklstring(L, 1, &n);
	p = luaL_checklstring(L, 2, &len);
	steps = (double)n + 1;
	for (size_t i = 0, k = 1; i < len && steps <= PATTERN_STEPS; i++) {
		if (p[i] && strchr("*+-?", p[i]))
			steps *= ((double)n + 1) / (double)++k;
	}
	if (steps > PATTERN_STEPS)
		return script_raise(
			L, "the pattern has too many repetitions for a text of %d bytes", (int)n);
	return go_on(L);
}

static int guard_repeat(lua_State *L)
{
	if (luaL_checkinteger(L, 2) > REPEAT_MAX)
		return script_raise(L, "string.rep: more than %d times", (int)REPEAT_MAX);
	return go_on(L);
}

/* A table that says how long it is could say anything. */
static int guard_length(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
		return script_raise(L, "not for tables with __len");
	return go_on(L);
}

/* Finalizers run when nobody counts. */
static int guard_metatable(lua_State *L)
{
	if (lua_istable(L, 2)) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL)
			return script_raise(L, "metatables of scripts have no __gc");
		lua_pop(L, 1);
	}
	return go_on(L);
}

/* Puts the guard in front of table.name, the table at the top. */
static void guard(lua_State *L, const char *name, lua_CFunction fn)
{
	lua_getfield(L, -1, name);
	lua_pushcclosure(L, fn, 1);
	lua_setfield(L, -2, name);
}

static void remove_fields(lua_State *L, const char *const *names)
{
	for (; *names; names++) {
		lua_pushnil(L);
		lua_setfield(L, -2, *names);
	}
}

static void open_base(lua_State *L)
{
	static const char *const not_here[] = { "collectgarbage", "dofile", "load", "loadfile",
		"next", "warn", NULL };

	luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
	remove_fields(L, not_here);
	guard(L, "setmetatable", guard_metatable);
	lua_pushcfunction(L, pairs);
	lua_setfield(L, -2, "pairs");
	lua_pushcfunction(L, require);
	lua_setfield(L, -2, "require");
	lua_pushcfunction(L, normal);
	lua_setfield(L, -2, "normal");
	lua_pop(L, 1);
}

static void open_string(lua_State *L)
{
	static const char *const patterns[] = { "find", "match", "gmatch", "gsub" };
	static const char *const not_here[] = { "dump", NULL };

	luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
	remove_fields(L, not_here);
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		guard(L, patterns[i], guard_pattern);
	guard(L, "rep", guard_repeat);
	lua_pop(L, 1);
}

static void open_table(lua_State *L)
{
	static const char *const lengths[] = { "concat", "insert", "remove", "sort", "unpack" };
	static const char *const not_here[] = { "move", NULL };

	luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
	lua_getfield(L, -1, "sort");
	lua_setfield(L, LUA_REGISTRYINDEX, "dyno.sort");
	remove_fields(L, not_here);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		guard(L, lengths[i], guard_length);
	lua_pop(L, 1);
}

void sandbox_open(lua_State *L)
{
	static const char *const not_here[] = { "randomseed", NULL };

	open_base(L);
	open_string(L);
	open_table(L);
	luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
	remove_fields(L, not_here);
	lua_pushcfunction(L, math_random);
	lua_setfield(L, -2, "random");
	lua_pop(L, 1);
	luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
	lua_pop(L, 1);
}
