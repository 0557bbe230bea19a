/* SPDX-License-Identifier: Apache-2.0 */
/* Curves of CSV files: times and values, with what lies between them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sensor/priv.h"

#define CURVE_TYPE  "dyno.curve"
#define CSV_MAX     ((size_t)8 << 20)
#define COLUMNS_MAX 64

struct point {
	double t, v;
};

struct curve {
	size_t n;
	bool steps; /* the value stays until the next point */
	struct point p[];
};

/* A line's field; *s moves behind its separator. False at the end of the line. */
static bool field(const char **s, const char **begin, size_t *len)
{
	const char *p = *s;

	if (!p)
		return false;
	p += strspn(p, " \t");
	*begin = p;
	p += strcspn(p, ",;\n");
	*len = (size_t)(p - *begin);
	while (*len && strchr(" \t\r\"", (*begin)[*len - 1]))
		(*len)--;
	if (*len && **begin == '"') {
		(*begin)++;
		(*len)--;
	}
	*s = *p == ',' || *p == ';' ? p + 1 : NULL;
	return true;
}

static bool number(const char *begin, size_t len, double *out)
{
	char text[64], *end;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, begin, len);
	text[len] = '\0';
	*out = strtod(text, &end);
	return !*end && isfinite(*out);
}

/* Which column has that name, or that number from 1; 0: none. */
static unsigned int column_of(lua_State *L, int arg, const char *header)
{
	const char *name = luaL_optstring(L, arg, "2"), *at = header, *begin;
	unsigned long k = strtoul(name, NULL, 10);
	size_t len;

	for (unsigned int i = 1; field(&at, &begin, &len); i++) {
		if (strlen(name) == len && strncmp(name, begin, len) == 0)
			return i;
	}
	return k >= 1 && k <= COLUMNS_MAX ? (unsigned int)k : 0;
}

/* A point of a line; false: it has none. */
static bool read_point(const char *line, unsigned int column, struct point *out)
{
	const char *begin;
	bool has_t = false, has_v = false;
	size_t len;

	for (unsigned int i = 1; field(&line, &begin, &len); i++) {
		if (i == 1)
			has_t = number(begin, len, &out->t);
		if (i == column)
			has_v = number(begin, len, &out->v);
	}
	return has_t && has_v;
}

static size_t count_lines(const char *text)
{
	size_t n = 1;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* curve(file, column, "step"): seconds are in the first column. */
static int curve_new(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1), *how = luaL_optstring(L, 3, "linear"), *text;
	unsigned int column, line = 1;
	struct curve *c;
	size_t len;

	lua_settop(L, 3);
	text = sandbox_read(L, path, CSV_MAX, &len);
	column = column_of(L, 2, text);
	if (column < 2)
		return script_raise(L, "%s has no column \"%s\"", path, lua_tostring(L, 2));
	if (strcmp(how, "linear") != 0 && strcmp(how, "step") != 0)
		return script_raise(L, "curve: \"%s\" is neither linear nor step", how);
	c = lua_newuserdatauv(L, sizeof(*c) + count_lines(text) * sizeof(c->p[0]), 0);
	c->n = 0;
	c->steps = strcmp(how, "step") == 0;
	for (const char *at = text; at; at = strchr(at, '\n'), line++) {
		struct point p;

		at += *at == '\n';
		if (*at == '\0' || *at == '#' || *at == '\r' || *at == '\n')
			continue;
		if (!read_point(at, column, &p)) {
			if (line == 1) /* names */
				continue;
			return script_raise(L, "%s:%d: no number in the first column or column %d",
				path, (int)line, (int)column);
		}
		if (c->n && p.t < c->p[c->n - 1].t)
			return script_raise(L, "%s:%d: the time goes backwards", path, (int)line);
		c->p[c->n++] = p;
	}
	if (c->n == 0)
		return script_raise(L, "%s has no values", path);
	luaL_setmetatable(L, CURVE_TYPE);
	return 1;
}

static int curve_at(lua_State *L)
{
	const struct curve *c = luaL_checkudata(L, 1, CURVE_TYPE);
	double t = luaL_checknumber(L, 2), v;
	size_t lo = 0, hi = c->n;

	/* The first point behind t. */
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (c->p[mid].t <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		v = c->p[0].v;
	else if (lo == c->n || c->steps)
		v = c->p[lo - 1].v;
	else
		v = c->p[lo - 1].v + (c->p[lo].v - c->p[lo - 1].v) * (t - c->p[lo - 1].t) /
					     (c->p[lo].t - c->p[lo - 1].t);
	lua_pushnumber(L, v);
	return 1;
}

static int curve_first(lua_State *L)
{
	const struct curve *c = luaL_checkudata(L, 1, CURVE_TYPE);

	lua_pushnumber(L, c->p[0].t);
	return 1;
}

static int curve_last(lua_State *L)
{
	const struct curve *c = luaL_checkudata(L, 1, CURVE_TYPE);

	lua_pushnumber(L, c->p[c->n - 1].t);
	return 1;
}

static int curve_length(lua_State *L)
{
	const struct curve *c = luaL_checkudata(L, 1, CURVE_TYPE);

	lua_pushinteger(L, (lua_Integer)c->n);
	return 1;
}

void curve_open(lua_State *L)
{
	static const luaL_Reg meta[] = { { "__call", curve_at }, { "__len", curve_length },
		{ NULL, NULL } };
	static const luaL_Reg methods[] = { { "at", curve_at }, { "first", curve_first },
		{ "last", curve_last }, { NULL, NULL } };

	luaL_newmetatable(L, CURVE_TYPE);
	luaL_setfuncs(L, meta, 0);
	luaL_newlib(L, methods);
	lua_setfield(L, -2, "__index");
	/* Scripts cannot change what curves do. */
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_pop(L, 1);
	lua_register(L, "curve", curve_new);
}
