/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of scripts: what their files share. */
#pragma once

#include <lauxlib.h>
#include <lua.h>

#include "sim/sensor/random.h"
#include "sim/sensor/script.h"

/* Callbacks and waits of one script; a script that never ends them is stopped there. */
#define CALLS_MAX 4096
/* Calls at one moment: more are two handlers that call each other without end. */
#define MOMENT_MAX   10000
#define MESSAGE_MAX  512
#define NAME_MAX_LUA 200

/* What a callback or a wait is for. */
enum call_kind {
	CALL_EVERY,
	CALL_AT,
	CALL_SIGNAL,
	CALL_FRAME,
	CALL_WAIT /* a coroutine that waits: for a time, a signal or a frame */
};

struct call {
	struct script *s;
	struct call *next;
	uint64_t id; /* no other of this script has it; what events name */
	enum call_kind kind;
	bool stale; /* CALL_SIGNAL: when it is not to be believed any more */
	bool busy; /* CALL_EVERY: the last one still waits */
	int ref; /* of the function, or of the coroutine */
	lua_State *co; /* CALL_WAIT */
	uint64_t turn; /* CALL_WAIT: which of its waits is under way; older events are void */
	uint64_t starter; /* CALL_WAIT: id of the CALL_EVERY that it runs for; 0 */
	uint64_t period_ns, due_ns;
	struct signal_sub sub; /* CALL_SIGNAL, CALL_WAIT */
	bool hears_signal, hears_frame;
	uint32_t bus, can_id; /* bus: UINT32_MAX for all */
};

struct script {
	struct script_config cfg;
	lua_State *L;
	int dir_fd;
	struct rng rng;
	struct call *calls;
	uint64_t next_id;
	uint32_t n_calls;
	uint64_t now_ns; /* bench time of the run under way */
	uint64_t budget; /* instructions left */
	uint64_t moment_ns, moment_calls;
	struct script_stats st;
};

/* The script of a state. */
struct script *script_of(lua_State *L);
/* Raises an error at the line of the user's script that called, not of ours. Does not return. */
int script_raise(lua_State *L, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* sandbox.c: opens what scripts may use, in a protected call. */
void sandbox_open(lua_State *L);
/* Opens a file below the script's folder for reading; -errno. */
int sandbox_open_file(const struct script *s, const char *path);
/* Reads it whole into a fresh userdata that is pushed. Raises errors. */
const char *sandbox_read(lua_State *L, const char *path, size_t max, size_t *len);

/* api.c: functions of scripts. */
void api_open(lua_State *L);
/* Pushes a frame as a table. */
void api_push_frame(
	lua_State *L, const struct script *s, uint32_t bus, const struct canfd_frame *f);
/* curve.c */
void curve_open(lua_State *L);
/* prelude.c: what is written in Lua itself. */
extern const char prelude_text[];
#define PRELUDE_NAME "=dyno"

/* script.c: calls. A new one is in the list; beyond CALLS_MAX an error is raised. */
struct call *call_new(lua_State *L, enum call_kind kind);
struct call *call_find(const struct script *s, uint64_t id);
/* The coroutine that a state is. */
struct call *call_of(lua_State *L);
void call_end(struct call *c);
/* It runs at bench time t_ns. Raises an error without memory. */
void call_schedule(lua_State *L, const struct call *c, uint64_t t_ns);
/* It hears of a signal. */
void call_listen(struct call *c, uint32_t signal);
/* Sends when the run under way has ended. Raises an error without memory. */
void script_send_later(lua_State *L, uint32_t bus, const struct canfd_frame *f);
