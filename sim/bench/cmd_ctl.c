/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno ctl`: the client of a run's control socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/bench/commands.h"
#include "sim/bench/ctl_console.h"
#include "sim/bench/ctl_server.h"
#include "sim/bench/ctl_words.h"
#include "sim/bench/json_text.h"
#include "sim/scenario/scenario.h"

enum { O_SOCKET = 1, O_JSON, O_HOLD, O_BUTTON, O_WHEEL, O_SLOT, O_PORT, O_NO_NEWLINE };

static const struct cli_option options[] = {
	{ "socket", O_SOCKET, 'S', "PATH", "the run's socket or its folder (default: out)" },
	{ "json", O_JSON, 'j', NULL, "the answer as JSON" },
	{ "hold", O_HOLD, 0, "TIME", "key, touch, pointer: how long, for example 200ms" },
	{ "button", O_BUTTON, 0, "NAME", "pointer: left, right or middle is clicked" },
	{ "wheel", O_WHEEL, 0, "N", "pointer: notches, positive away from the user" },
	{ "slot", O_SLOT, 0, "N", "touch: which finger, 0 to 9" },
	{ "port", O_PORT, 0, "NAME", "type: which console; serial is COM1" },
	{ "no-newline", O_NO_NEWLINE, 'n', NULL, "type: the text alone" },
};

#define DEFAULT_SOCKET "out/" CTL_SOCKET_NAME
/* Answers of a run: metrics are the longest. */
#define ANSWER_MAX (8u * 1024 * 1024)

static int connect_to(const char *path, struct err *e)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	CLEANUP_FD int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* Through a descriptor: a socket's own path is limited to 107 bytes. */
	CLEANUP_FD int at = open(path, O_PATH | O_CLOEXEC);

	struct stat st;

	/* The folder of the results does as well. */
	if (at >= 0 && fstat(at, &st) == 0 && S_ISDIR(st.st_mode)) {
		int inside = openat(at, CTL_SOCKET_NAME, O_PATH | O_CLOEXEC);

		fd_close(&at);
		at = inside;
	}
	if (at < 0 || sock < 0)
		return err_errno(e, errno,
			"no run answers at %s (name its socket with --socket OUT/%s)", path,
			CTL_SOCKET_NAME);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d", at);
	if (connect(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_errno(e, errno, "no run answers at %s", path);
	return fd_take(&sock);
}

/* Reads up to and including one newline and nothing behind it, which may be a console's; the
 * bytes, or -errno. */
static ssize_t read_line(int sock, char *buf, size_t cap)
{
	size_t len = 0;

	while (len < cap) {
		ssize_t n = recv(sock, buf + len, cap - len, MSG_PEEK);
		const char *nl = n > 0 ? memchr(buf + len, '\n', (size_t)n) : NULL;

		if (n == 0)
			return -EPIPE;
		if (n > 0)
			n = recv(sock, buf + len, nl ? (size_t)(nl + 1 - buf) - len : (size_t)n, 0);
		if (n < 0 && errno != EINTR)
			return -errno;
		len += n > 0 ? (size_t)n : 0;
		if (nl && n > 0)
			return (ssize_t)len;
	}
	return -EMSGSIZE;
}

/* Sends one line, reads one line. NULL with a message. */
static json_t *ask(int sock, const json_t *req, struct err *e)
{
	char *text = json_dumps(req, JSON_COMPACT);
	char *buf = malloc(ANSWER_MAX);
	json_t *answer = NULL;
	json_error_t je;
	ssize_t n = -ENOMEM;

	if (text && buf) {
		n = fd_write_all(sock, text, strlen(text));
		if (!n)
			n = fd_write_all(sock, "\n", 1);
		if (!n)
			n = read_line(sock, buf, ANSWER_MAX);
	}
	if (n < 0) {
		(void)err_errno(e, (int)-n, "the run ended before it answered");
	} else {
		answer = json_loadb(buf, (size_t)n, 0, &je);
		if (!answer)
			(void)err_set(e, -EBADMSG, "the answer is not JSON: %s", je.text);
	}
	free(text);
	free(buf);
	return answer;
}

static double num(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void print_status(const json_t *a)
{
	const json_t *guests = json_object_get(a, "guests"), *buses = json_object_get(a, "buses"),
		     *streams = json_object_get(a, "streams");

	printf("%s: %s at %.1f of %.1f s, results in %s\n", json_member_text(a, "scenario"),
		json_member_text(a, "state"), num(a, "time_s"), num(a, "duration_s"),
		json_member_text(a, "out"));
	for (size_t i = 0; i < json_array_size(guests); i++) {
		const json_t *g = json_array_get(guests, i);

		printf("  guest %-12s %-9s pid %-8.0f %s", json_member_text(g, "name"),
			json_member_text(g, "state"), num(g, "pid"), json_member_text(g, "end"));
		if (num(g, "cpu_percent") < 100)
			printf("throttled to %.0f %%", num(g, "cpu_percent"));
		printf("\n");
	}
	for (size_t i = 0; i < json_array_size(buses); i++) {
		const json_t *b = json_array_get(buses, i);

		printf("  bus   %-12s %.0f frames, %.1f %% load, %.0f dropped\n",
			json_member_text(b, "name"), num(b, "frames"), num(b, "load_percent"),
			num(b, "dropped"));
	}
	for (size_t i = 0; i < json_array_size(streams); i++) {
		const json_t *s = json_array_get(streams, i);

		printf("  sound %s.%s: volume %.0f %%%s%s\n", json_member_text(s, "guest"),
			json_member_text(s, "stream"), num(s, "percent"),
			json_is_true(json_object_get(s, "mute")) ? ", mute" : "",
			json_is_true(json_object_get(s, "plugged")) ? "" : ", unplugged");
	}
}

static void print_balloon(const json_t *a)
{
	static const double mib = 1024 * 1024;
	json_t *stats = json_object_get(a, "stats"), *value;
	const char *name;

	printf("has %.1f MiB (target %.1f), %.1f MiB are in the balloon, %.1f MiB went back to the "
	       "host%s\n",
		num(a, "actual_bytes") / mib, num(a, "target_bytes") / mib,
		num(a, "held_bytes") / mib, num(a, "returned_bytes") / mib,
		json_is_true(json_object_get(a, "driver")) ? ""
							   : "; the guest's driver does not run");
	json_object_foreach (stats, name, value) {
		printf("  %-20s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
	}
	if (json_is_false(json_object_get(a, "fresh")))
		printf("  (the guest did not answer now: figures of earlier)\n");
}

static bool is(const json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

/* The figures of devices that are not zero, and where their queues stand. */
static void print_devices(const json_t *a)
{
	json_t *devices = json_object_get(a, "devices"), *d, *q, *value;
	const char *name;
	size_t i, k;

	json_array_foreach (devices, i, d) {
		printf("%s (%s)%s\n", json_member_text(d, "name"), json_member_text(d, "type"),
			(int)num(d, "status") & 4 ? "" : ": no driver");
		json_object_foreach (d, name, value) {
			if (strcmp(name, "status") != 0 && json_is_number(value) &&
				json_number_value(value) != 0)
				printf("  %-20s %.0f\n", name, json_number_value(value));
		}
		json_array_foreach (json_object_get(d, "queues"), k, q) {
			printf("  queue %.0f of %.0f: ", num(q, "queue"), num(q, "size"));
			if (is(q, "elsewhere")) {
				printf("served by another process\n");
				continue;
			}
			printf("%.0f kicks, %.0f interrupts; %.0f taken, %.0f returned, %.0f in "
			       "flight%s%s%s\n",
				num(q, "kicks"), num(q, "interrupts"), num(q, "taken"),
				num(q, "returned"), num(q, "in_flight"),
				is(q, "waiting") ? "; more is there" : "",
				is(q, "asks_for_kicks") ? "" : "; asks for no kicks",
				is(q, "untold") ? "; an interrupt is due" : "");
		}
	}
}

static void print_signal(const json_t *s)
{
	const json_t *v = json_object_get(s, "value");
	const char *text = json_member_text(s, "text");

	printf("%-40s ", json_member_text(s, "name"));
	if (!json_is_number(v)) {
		printf("-\n");
		return;
	}
	printf("%.10g%s%s", json_number_value(v), *json_member_text(s, "unit") ? " " : "",
		json_member_text(s, "unit"));
	if (*text)
		printf(" \"%s\"", text);
	if (strcmp(json_member_text(s, "state"), "stale") == 0)
		printf("  stale");
	if (json_is_true(json_object_get(s, "stuck")))
		printf("  stuck");
	printf("  (%s, %.3f s)\n", json_member_text(s, "from"), num(s, "time_s"));
}

static void print_signals(const json_t *a)
{
	const json_t *list = json_object_get(a, "signals");

	for (size_t i = 0; i < json_array_size(list); i++)
		print_signal(json_array_get(list, i));
}

static void print_controls(const json_t *a)
{
	const json_t *list = json_object_get(a, "controls");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);

		printf("%-10s %-50s at %.0f,%.0f, %.0f x %.0f\n", json_member_text(c, "control"),
			json_member_text(c, "name"), num(c, "x"), num(c, "y"), num(c, "w"),
			num(c, "h"));
	}
}

static void print_answer(const char *op, json_t *a, bool json)
{
	if (json || strcmp(op, "metrics") == 0) {
		json_dumpf(a, stdout, json ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	} else if (strcmp(op, "status") == 0) {
		print_status(a);
	} else if (strcmp(op, "devices") == 0) {
		print_devices(a);
	} else if (strcmp(op, "balloon") == 0) {
		print_balloon(a);
	} else if (strcmp(op, "signals") == 0) {
		print_signals(a);
	} else if (json_object_get(a, "controls")) {
		print_controls(a);
	} else if (strcmp(op, "get") == 0) {
		print_signal(a);
	} else if (json_member_text(a, "path")[0]) {
		printf("%s\n", json_member_text(a, "path"));
	}
}

/* The run closes its socket when it is over: `dyno ctl stop` returns then. */
static void wait_for_end(int sock)
{
	char buf[256];

	for (;;) {
		ssize_t n = read(sock, buf, sizeof(buf));

		if (n == 0 || (n < 0 && errno != EINTR))
			return;
	}
}

/* The terminal behind the console has this size. Nobody waits for it to be heard. */
static void tell_size(void *arg, const char *guest, uint16_t cols, uint16_t rows)
{
	const char *path = arg;
	struct err e;
	CLEANUP_FD int sock = connect_to(path, &e);
	json_t *req = json_pack("{s:s,s:s,s:i,s:i}", "op", "console-size", "guest", guest, "cols",
		(int)cols, "rows", (int)rows);

	if (sock >= 0)
		json_decref(ask(sock, req, &e));
	json_decref(req);
}

/* The connection is the guest's console from here on. False after a message. */
static bool console(const char *path, int sock, const json_t *answer)
{
	struct err e = { .text = "" };
	char guest[SCENARIO_NAME_MAX + 1], socket_path[4096];
	struct ctl_console c = {
		.guest = guest, .sock = sock, .tell_size = tell_size, .arg = socket_path
	};

	snprintf(guest, sizeof(guest), "%s", json_member_text(answer, "guest"));
	snprintf(socket_path, sizeof(socket_path), "%s", path);
	if (ctl_console_run(&c, &e) == 0)
		return true;
	fprintf(stderr, "dyno ctl: %s\n", e.text);
	return false;
}

static int talk(const char *path, const json_t *req, bool json)
{
	const char *op = json_member_text(req, "op");
	struct err e = { .text = "" };
	CLEANUP_FD int sock = connect_to(path, &e);
	json_t *a;
	bool ok;

	if (sock < 0) {
		fprintf(stderr, "dyno ctl: %s\n", e.text);
		return EXIT_HOST;
	}
	a = ask(sock, req, &e);
	if (!a) {
		fprintf(stderr, "dyno ctl: %s\n", e.text);
		return EXIT_HOST;
	}
	ok = json_is_true(json_object_get(a, "ok"));
	if (ok || json)
		print_answer(op, a, json);
	if (!ok)
		fprintf(stderr, "dyno ctl: %s\n", json_member_text(a, "error"));
	if (ok && strcmp(op, "stop") == 0)
		wait_for_end(sock);
	if (ok && strcmp(op, "console") == 0)
		ok = console(path, sock, a);
	json_decref(a);
	return ok ? EXIT_PASS : EXIT_CHECK_FAILED;
}

struct args {
	struct ctl_word_opts words;
	const char *socket_path;
	bool json;
};

static void set_option(struct args *a, int id, const char *value)
{
	switch (id) {
	case O_SOCKET:
		a->socket_path = value;
		break;
	case O_JSON:
		a->json = true;
		break;
	case O_HOLD:
		a->words.hold = value;
		break;
	case O_BUTTON:
		a->words.button = value;
		break;
	case O_PORT:
		a->words.port = value;
		break;
	case O_NO_NEWLINE:
		a->words.no_newline = true;
		break;
	case O_WHEEL:
		a->words.wheel = value;
		break;
	default:
		a->words.slot = value;
		break;
	}
}

/* words[] has room for all of argv. */
static int run_words(const struct cli_command *self, int argc, char **argv, const char **words)
{
	char cwd[4096];
	struct args a = { .words = { .cwd = getcwd(cwd, sizeof(cwd)) ? cwd : "/" },
		.socket_path = DEFAULT_SOCKET };
	struct err e = { .text = "" };
	size_t n = 0;
	json_t *req;
	struct cli c;
	int item, status;

	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == CLI_HELP) {
			cli_help(self, stdout);
			return EXIT_PASS;
		}
		if (item == CLI_BAD)
			return cli_complain(self, &e);
		if (item == CLI_WORD)
			words[n++] = c.value;
		else
			set_option(&a, item, c.value);
	}
	if (!n) {
		(void)err_set(&e, 0, "name an operation");
		return cli_complain(self, &e);
	}
	req = ctl_words_request(words, n, &a.words, &e);
	if (!req)
		return cli_complain(self, &e);
	status = talk(a.socket_path, req, a.json);
	json_decref(req);
	return status;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	const char **words = calloc((size_t)argc + 1, sizeof(*words));
	int status = words ? run_words(self, argc, argv, words) : EXIT_HOST;

	free(words);
	return status;
}

const struct cli_command cmd_ctl = {
	.name = "ctl",
	.args = "OPERATION ...",
	.summary = "Talks to a running bench over its control socket.",
	.text = "operations:\n"
		"  status                                  guests, buses, time\n"
		"  pause [GUEST], resume [GUEST]           everything, or one guest\n"
		"  send [BUS] FRAME                        as candump writes it: 123#DEADBEEF,\n"
		"                                          18DAF110##1AABB (FD), 123#R (RTR)\n"
		"  key [GUEST] KEY                         enter, f5, a, ...\n"
		"  touch [GUEST[:DISPLAY]] X Y [X2 Y2]     a tap, or a drag to X2 Y2\n"
		"  pointer [GUEST[:DISPLAY]] [X Y]         with --button and --wheel\n"
		"  screenshot [GUEST[:DISPLAY]] FILE.png\n"
		"  power-button|reset|kill [GUEST]\n"
		"  bus-off GUEST [BUS]                     its CAN controller goes bus-off\n"
		"  type [GUEST] TEXT                       at its console, with a newline; \\n \\t \\e\n"
		"                                          \\x03 are read; --port, --no-newline\n"
		"  console [GUEST [PORT]]                  the terminal becomes its console: Ctrl-A X\n"
		"                                          leaves, Ctrl-A H helps\n"
		"  devices [GUEST]                         its devices' figures and queues\n"
		"  balloon GUEST [SIZE]                    what it shall keep of its memory; its figures\n"
		"  volume GUEST.STREAM PERCENT             of its sound, on the host\n"
		"  mute GUEST.STREAM [on|off]              makes it silent, or heard again\n"
		"  jack GUEST.STREAM in|out                of its sound card\n"
		"  signals [PATTERN], get SIGNAL           values, of all whose name has PATTERN in it\n"
		"  set SIGNAL VALUE                        a number, or the name of a value\n"
		"  stuck SIGNAL [on|off]                   what is shown of it stays what it is\n"
		"  silence MESSAGE [on|off]                the bench sends it no more\n"
		"  fault BUS KIND|off [ID [CHANCE]]        frames meet drop, delay, duplicate,\n"
		"                                          corrupt, reorder or error\n"
		"  load BUS SHARE|off [ID]                 a node takes so much of the bus: 80%\n"
		"  cut GUEST on|off [BUS]                  the cable of its controller\n"
		"  link GUEST up|down [NETWORK]            the cable of its network card, in or out\n"
		"  throttle GUEST PERCENT                  its share of its processors' time; 100 ends it\n"
		"  metrics                                 all figures, as JSON\n"
		"  stop                                    ends the run; returns when it is over\n"
		"A GUEST or BUS may be left out where the scenario has one only.\n\n"
		"Exit status: 0 done, 1 refused, 2 the command line is wrong, 3 no run answers.\n\n"
		"examples:\n"
		"  dyno ctl status\n"
		"  dyno ctl --socket results send can0 123#1122\n"
		"  dyno ctl touch ivi 640 400 --hold 500ms\n"
		"  dyno ctl type linux 'dmesg | tail'\n"
		"  dyno ctl set Vehicle.Speed 50\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = run,
};
