/* SPDX-License-Identifier: Apache-2.0 */
/* Life and limits of a script, and how it is called; see script.h. */
#include "sim/sensor/script.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "sim/sensor/priv.h"

#define HOOK_EVERY 1000
#define SOURCE_MAX ((size_t)1 << 20)

/* What is on the agenda for a script. */
struct event {
	struct script *s;
	uint64_t id, turn; /* of the call, and of its wait */
	enum { EVENT_TIME, EVENT_SIGNAL, EVENT_FRAME, EVENT_SEND } what;
	uint32_t signal, bus;
	double value;
	struct canfd_frame f;
};

struct script *script_of(lua_State *L)
{
	struct script *s;

	memcpy(&s, lua_getextraspace(L), sizeof(s));
	return s;
}

int script_raise(lua_State *L, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	lua_Debug ar;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (int level = 0; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0 && strcmp(ar.source, PRELUDE_NAME) != 0) {
			lua_pushfstring(L, "%s:%d: %s", ar.short_src, ar.currentline, text);
			return lua_error(L);
		}
	}
	lua_pushstring(L, text);
	return lua_error(L);
}

/* ---- limits ---- */

static void *allocate(void *ud, void *p, size_t old, size_t new)
{
	struct script *s = ud;
	uint64_t held = s->st.memory_bytes - (p ? old : 0);

	if (new == 0) {
		free(p);
		s->st.memory_bytes = held;
		return NULL;
	}
	/* What shrinks must not fail. */
	if (held + new > s->cfg.memory_bytes && !(p && new <= old))
		return NULL;
	void *n = realloc(p, new);

	if (!n)
		return NULL;
	s->st.memory_bytes = held + new;
	s->st.peak_bytes = MAX(s->st.peak_bytes, s->st.memory_bytes);
	return n;
}

static void count(lua_State *L, lua_Debug *ar)
{
	struct script *s = script_of(L);

	(void)ar;
	if (s->budget > HOOK_EVERY) {
		s->budget -= HOOK_EVERY;
		return;
	}
	s->budget = 0;
	/* Whoever catches the error gets it again, until nothing is left to catch it. */
	lua_sethook(L, count, LUA_MASKCOUNT, 1);
	script_raise(L, "it ran for more than %" PRIu64 " instructions without an end",
		s->cfg.instructions);
}

/* ---- calls ---- */

struct call *call_new(lua_State *L, enum call_kind kind)
{
	struct script *s = script_of(L);
	struct call *c = s->n_calls < CALLS_MAX ? calloc(1, sizeof(*c)) : NULL;

	if (!c) {
		script_raise(L, "more than %d callbacks and waits", CALLS_MAX);
		return NULL;
	}
	*c = (struct call){
		.s = s, .next = s->calls, .id = ++s->next_id, .kind = kind, .ref = LUA_NOREF
	};
	s->calls = c;
	s->n_calls++;
	return c;
}

struct call *call_find(const struct script *s, uint64_t id)
{
	struct call *c = s->calls;

	while (c && c->id != id)
		c = c->next;
	return c;
}

struct call *call_of(lua_State *L)
{
	struct call *c = script_of(L)->calls;

	while (c && c->co != L)
		c = c->next;
	return c;
}

/* One that is in no list. */
static void drop(struct call *c)
{
	signals_unsubscribe(&c->sub);
	if (c->s->L)
		luaL_unref(c->s->L, LUA_REGISTRYINDEX, c->ref);
	free(c);
}

void call_end(struct call *c)
{
	struct call **link = &c->s->calls;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->s->n_calls--;
	drop(c);
}

static void end_all(struct script *s)
{
	struct call *c = s->calls, *next;

	s->calls = NULL;
	s->n_calls = 0;
	for (; c; c = next) {
		next = c->next;
		drop(c);
	}
}

static void event_due(void *arg, uint64_t t_ns);

/* False without memory. */
static bool post(const struct event *e, uint64_t t_ns)
{
	size_t len = e->what == EVENT_FRAME || e->what == EVENT_SEND ? sizeof(*e)
								     : offsetof(struct event, f);
	struct event *copy = malloc(len);

	if (!copy)
		return false;
	memcpy(copy, e, len);
	if (agenda_add(e->s->cfg.agenda, t_ns, event_due, free, copy) == 0)
		return true;
	free(copy);
	return false;
}

void call_schedule(lua_State *L, const struct call *c, uint64_t t_ns)
{
	struct event e = { .s = c->s, .id = c->id, .turn = c->turn, .what = EVENT_TIME };

	if (!post(&e, t_ns))
		script_raise(L, "out of memory");
}

static void on_signal(void *ctx, uint32_t signal, const struct signal_value *v)
{
	struct call *c = ctx;
	struct event e = { .s = c->s,
		.id = c->id,
		.turn = c->turn,
		.what = EVENT_SIGNAL,
		.signal = signal,
		.value = v->shown };
	uint64_t t_ns = v->t_ns;

	if ((v->state == SIGNAL_STALE) != c->stale)
		return;
	if (c->stale)
		t_ns += signals_model(c->s->cfg.table)->defs[signal].stale_ns;
	(void)post(&e, t_ns);
}

void call_listen(struct call *c, uint32_t signal)
{
	c->sub = (struct signal_sub){ .changed = on_signal, .ctx = c, .signal = signal };
	c->hears_signal = true;
	signals_subscribe(c->s->cfg.table, &c->sub);
}

void script_frame(struct script *s, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	if (f->can_id & CAN_ERR_FLAG)
		return;
	for (const struct call *c = s->calls; c; c = c->next) {
		struct event e = { .s = s,
			.id = c->id,
			.turn = c->turn,
			.what = EVENT_FRAME,
			.bus = bus,
			.f = *f };

		if (c->hears_frame && c->can_id == (f->can_id & ~CAN_RTR_FLAG) &&
			(c->bus == UINT32_MAX || c->bus == bus))
			(void)post(&e, t_ns);
	}
}

void script_send_later(lua_State *L, uint32_t bus, const struct canfd_frame *f)
{
	struct script *s = script_of(L);
	struct event e = { .s = s, .what = EVENT_SEND, .bus = bus, .f = *f };

	if (!post(&e, s->now_ns))
		script_raise(L, "out of memory");
}

/* ---- running ---- */

/* It calls nothing any more, and its memory is free. Never while Lua runs. */
static void fail(struct script *s, const char *message)
{
	s->st.failed = true;
	end_all(s);
	lua_close(s->L);
	s->L = NULL;
	if (s->cfg.failed)
		s->cfg.failed(s->cfg.ctx, message, s->now_ns);
}

/* One run of Lua, as protected code gets it. */
struct run {
	const struct event *e;
	struct call *c;
	char *message; /* MESSAGE_MAX; "" as long as all is well */
};

/* The text of an error, with the user's line where it is one of our own functions. */
static void take_message(lua_State *L, char *out)
{
	const char *text = lua_tostring(L, -1);
	lua_Debug ar;

	snprintf(out, MESSAGE_MAX, "%s", text ? text : "an error without a text");
	for (int level = 0; strncmp(out, "dyno:", 5) == 0 && lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline > 0 && strcmp(ar.source, PRELUDE_NAME) != 0) {
			char inner[MESSAGE_MAX];
			const char *what = strchr(out + 5, ':');

			snprintf(inner, sizeof(inner), "%s", what ? what + 1 : out);
			snprintf(out, MESSAGE_MAX, "%s:%d:%.400s", ar.short_src, ar.currentline,
				inner);
		}
	}
}

/* Puts what happened on the coroutine's stack. */
static int push_event(lua_State *co, const struct run *r)
{
	const struct signal_model *m = signals_model(r->e->s->cfg.table);

	switch (r->e->what) {
	case EVENT_SIGNAL:
		lua_pushnumber(co, r->e->value);
		lua_pushstring(co, m->defs[r->e->signal].name);
		return 2;
	case EVENT_FRAME:
		api_push_frame(co, r->e->s, r->e->bus, &r->e->f);
		return 1;
	case EVENT_TIME:
	case EVENT_SEND:
		break;
	}
	return 0;
}

static int run_protected(lua_State *L)
{
	struct run *r = lua_touserdata(L, 1);
	struct script *s = r->e->s;
	struct call *w = r->c, *starter;
	uint64_t started = 0;
	int rc, n;

	if (w->kind != CALL_WAIT) {
		int ref = w->ref;

		started = w->kind == CALL_EVERY ? w->id : 0;
		if (w->kind == CALL_EVERY)
			w->busy = true;
		w = call_new(L, CALL_WAIT);
		w->co = lua_newthread(L);
		w->ref = luaL_ref(L, LUA_REGISTRYINDEX);
		w->starter = started;
		lua_rawgeti(w->co, LUA_REGISTRYINDEX, ref);
	} else {
		signals_unsubscribe(&w->sub);
		w->hears_signal = w->hears_frame = false;
		w->turn++;
	}
	luaL_checkstack(w->co, 8, NULL);
	rc = lua_resume(w->co, L, push_event(w->co, r), &n);
	if (rc == LUA_YIELD)
		return 0;
	if (rc != LUA_OK) {
		take_message(w->co, r->message);
		return 0;
	}
	starter = w->starter ? call_find(s, w->starter) : NULL;
	if (starter)
		starter->busy = false;
	call_end(w);
	return 0;
}

/* Counts, limits and times what Lua does in `fn`. False: the script has failed. */
static bool run(struct script *s, lua_CFunction fn, struct run *r, uint64_t t_ns)
{
	char message[MESSAGE_MAX] = "";
	uint64_t began = clock_now_ns();

	s->now_ns = t_ns;
	s->budget = s->cfg.instructions;
	if (s->moment_ns != t_ns)
		s->moment_calls = 0;
	s->moment_ns = t_ns;
	if (++s->moment_calls > MOMENT_MAX) {
		snprintf(message, sizeof(message),
			"%s: called more than %d times at one moment: do two handlers set each "
			"other's signals?",
			s->cfg.name, MOMENT_MAX);
		fail(s, message);
		return false;
	}
	r->message = message;
	lua_pushcfunction(s->L, fn);
	lua_pushlightuserdata(s->L, r);
	if (lua_pcall(s->L, 1, 0, 0) != LUA_OK)
		take_message(s->L, message);
	lua_settop(s->L, 0);
	s->st.calls++;
	s->st.longest_ns = MAX(s->st.longest_ns, clock_now_ns() - began);
	if (!message[0])
		return true;
	fail(s, message);
	return false;
}

/* The next time of an `every`. False: it is to be left out, the last one still waits. */
static bool next_period(struct script *s, struct call *c)
{
	struct event e = { .s = s, .id = c->id, .what = EVENT_TIME };

	c->due_ns += c->period_ns;
	(void)post(&e, c->due_ns);
	return !c->busy;
}

static void event_due(void *arg, uint64_t t_ns)
{
	struct event *e = arg;
	struct script *s = e->s;
	struct run r = { .e = e };

	if (e->what == EVENT_SEND) {
		if (s->cfg.send(s->cfg.ctx, e->bus, &e->f, t_ns))
			s->st.refused++;
		else
			s->st.sent++;
		free(e);
		return;
	}
	r.c = s->st.failed ? NULL : call_find(s, e->id);
	if (r.c && r.c->turn == e->turn && (r.c->kind != CALL_EVERY || next_period(s, r.c))) {
		bool once = r.c->kind == CALL_AT;

		if (run(s, run_protected, &r, t_ns) && once && (r.c = call_find(s, e->id)))
			call_end(r.c);
	}
	free(e);
}

/* ---- checksums ---- */

struct checksum {
	struct run r; /* first: run() fills it */
	const char *function, *message;
	const uint8_t *data;
	size_t len;
	uint64_t out;
	bool missing;
};

static int checksum_protected(lua_State *L)
{
	struct checksum *c = lua_touserdata(L, 1);

	if (lua_getglobal(L, c->function) != LUA_TFUNCTION) {
		c->missing = true;
		return 0;
	}
	lua_pushlstring(L, (const char *)c->data, c->len);
	lua_pushstring(L, c->message);
	lua_call(L, 2, 1);
	if (!lua_isnumber(L, -1))
		return script_raise(
			L, "%s: the checksum of %s is no number", c->function, c->message);
	c->out = (uint64_t)(lua_isinteger(L, -1) ? lua_tointeger(L, -1)
						 : (lua_Integer)lua_tonumber(L, -1));
	return 0;
}

int script_checksum(struct script *s, const char *function, const char *message,
	const uint8_t *data, size_t len, uint64_t t_ns, uint64_t *out)
{
	struct checksum c = { .function = function, .message = message, .data = data, .len = len };

	if (s->st.failed)
		return -ENOENT;
	if (!run(s, checksum_protected, &c.r, t_ns))
		return -EINVAL;
	if (c.missing)
		return -ENOENT;
	*out = c.out;
	return 0;
}

/* ---- life ---- */

static int load(lua_State *L, const char *name, const char *text, size_t len, struct err *e)
{
	char chunk[NAME_MAX_LUA];
	int rc;

	snprintf(chunk, sizeof(chunk), "@%s", name);
	rc = luaL_loadbufferx(L, text, len, chunk, "t");
	if (rc == LUA_OK)
		return 0;
	return err_set(e, rc == LUA_ERRMEM ? -ENOMEM : -EINVAL, "%s", lua_tostring(L, -1));
}

int script_check(const char *name, const char *text, size_t len, struct err *e)
{
	lua_State *L = luaL_newstate();
	int rc;

	if (!L)
		return err_set(e, -ENOMEM, "out of memory");
	rc = load(L, name, text, len, e);
	lua_close(L);
	return rc;
}

struct opening {
	struct script *s;
	const char *text;
	size_t len;
	struct err *e;
	int rc;
};

static void push_args(lua_State *L, const struct script_config *cfg)
{
	lua_newtable(L);
	for (uint32_t i = 0; i < cfg->n_args; i++) {
		const char *text = cfg->args[i].text;

		if (lua_stringtonumber(L, text) != strlen(text) + 1)
			lua_pushstring(L, text);
		lua_setfield(L, -2, cfg->args[i].name);
	}
	lua_setglobal(L, "args");
}

static int open_protected(lua_State *L)
{
	struct opening *o = lua_touserdata(L, 1);
	struct call *c;

	sandbox_open(L);
	api_open(L);
	curve_open(L);
	if (luaL_loadbufferx(L, prelude_text, strlen(prelude_text), PRELUDE_NAME, "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	push_args(L, &o->s->cfg);
	o->rc = load(L, o->s->cfg.name, o->text, o->len, o->e);
	if (o->rc)
		return 0;
	c = call_new(L, CALL_AT);
	c->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	call_schedule(L, c, 0);
	return 0;
}

int script_new(struct script **out, const struct script_config *cfg, struct err *e)
{
	struct script *s = calloc(1, sizeof(*s));
	CLEANUP_FREE uint8_t *text = NULL;
	struct opening o = { .s = s, .e = e };
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "out of memory");
	s->cfg = *cfg;
	s->moment_ns = UINT64_MAX;
	rng_seed(&s->rng, cfg->seed);
	s->dir_fd = open(cfg->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0) {
		rc = err_errno(e, errno, "cannot open the folder %s", cfg->folder);
		goto failed;
	}
	rc = file_slurp(cfg->file, SOURCE_MAX, &text, &o.len, e);
	if (rc)
		goto failed;
	o.text = (const char *)text;
	s->L = lua_newstate(allocate, s);
	if (!s->L) {
		rc = err_set(e, -ENOMEM, "%s: no memory for a Lua state", cfg->name);
		goto failed;
	}
	memcpy(lua_getextraspace(s->L), &s, sizeof(struct script *));
	s->budget = cfg->instructions;
	lua_sethook(s->L, count, LUA_MASKCOUNT, HOOK_EVERY);
	lua_pushcfunction(s->L, open_protected);
	lua_pushlightuserdata(s->L, &o);
	if (lua_pcall(s->L, 1, 0, 0) != LUA_OK)
		rc = err_set(e, -ENOMEM, "%s: %s", cfg->name, lua_tostring(s->L, -1));
	else
		rc = o.rc;
	if (rc)
		goto failed;
	*out = s;
	return 0;
failed:
	script_free(s);
	return rc;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	end_all(s);
	if (s->L)
		lua_close(s->L);
	fd_close(&s->dir_fd);
	free(s);
}

void script_get_stats(const struct script *s, struct script_stats *out)
{
	*out = s->st;
}
