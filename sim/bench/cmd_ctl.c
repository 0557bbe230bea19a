/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno ctl`: the client of a run's control socket. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "sim/bench/commands.h"
#include "sim/bench/ctl_server.h"
#include "sim/bench/ctl_words.h"

enum { O_SOCKET = 1, O_JSON, O_HOLD, O_BUTTON, O_WHEEL, O_SLOT };

static const struct cli_option options[] = {
	{ "socket", O_SOCKET, 'S', "PATH", "the run's socket (default: out/control.sock)" },
	{ "json", O_JSON, 'j', NULL, "the answer as JSON" },
	{ "hold", O_HOLD, 0, "TIME", "key, touch, pointer: how long, for example 200ms" },
	{ "button", O_BUTTON, 0, "NAME", "pointer: left, right or middle is clicked" },
	{ "wheel", O_WHEEL, 0, "N", "pointer: notches, positive away from the user" },
	{ "slot", O_SLOT, 0, "N", "touch: which finger, 0 to 9" },
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

	if (at < 0 || sock < 0)
		return err_errno(e, errno,
			"no run answers at %s (name its socket with --socket OUT/%s)", path,
			CTL_SOCKET_NAME);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d", at);
	if (connect(sock, (const struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_errno(e, errno, "no run answers at %s", path);
	return fd_take(&sock);
}

/* Sends one line, reads one line. NULL with a message. */
static json_t *ask(int sock, const json_t *req, struct err *e)
{
	char *text = json_dumps(req, JSON_COMPACT);
	CLEANUP_FREE char *buf = malloc(ANSWER_MAX);
	json_error_t je;
	json_t *answer;
	size_t len = 0;
	int rc;

	if (!text || !buf) {
		free(text);
		(void)err_set(e, -ENOMEM, "out of memory");
		return NULL;
	}
	rc = fd_write_all(sock, text, strlen(text));
	if (!rc)
		rc = fd_write_all(sock, "\n", 1);
	free(text);
	while (!rc && len < ANSWER_MAX && !memchr(buf, '\n', len)) {
		ssize_t n = read(sock, buf + len, ANSWER_MAX - len);

		if (n > 0)
			len += (size_t)n;
		else if (n == 0 || errno != EINTR)
			rc = n == 0 ? -EPIPE : -errno;
	}
	if (rc) {
		(void)err_set(e, rc, "the run ended before it answered");
		return NULL;
	}
	answer = json_loadb(buf, strcspn(buf, "\n"), 0, &je);
	if (!json_is_object(answer)) {
		json_decref(answer);
		(void)err_set(e, -EBADMSG, "the answer is not JSON: %s", je.text);
		return NULL;
	}
	return answer;
}

static const char *str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static double num(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void print_status(const json_t *a)
{
	const json_t *v;
	size_t i;

	printf("%s: %s at %.1f of %.1f s, results in %s\n", str(a, "scenario"), str(a, "state"),
		num(a, "time_s"), num(a, "duration_s"), str(a, "out"));
	json_array_foreach (json_object_get(a, "guests"), i, v)
		printf("  guest %-12s %-9s pid %-8.0f %s\n", str(v, "name"), str(v, "state"),
			num(v, "pid"), str(v, "end"));
	json_array_foreach (json_object_get(a, "buses"), i, v)
		printf("  bus   %-12s %.0f frames, %.1f %% load, %.0f dropped\n", str(v, "name"),
			num(v, "frames"), num(v, "load_percent"), num(v, "dropped"));
}

static void print_answer(const char *op, json_t *a, bool json)
{
	if (json || strcmp(op, "metrics") == 0) {
		json_dumpf(a, stdout, json ? JSON_COMPACT : JSON_INDENT(2));
		putchar('\n');
	} else if (strcmp(op, "status") == 0) {
		print_status(a);
	} else if (str(a, "path")[0]) {
		printf("%s\n", str(a, "path"));
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

static int talk(const char *path, const json_t *req, bool json)
{
	const char *op = str(req, "op");
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
		fprintf(stderr, "dyno ctl: %s\n", str(a, "error"));
	if (ok && strcmp(op, "stop") == 0)
		wait_for_end(sock);
	json_decref(a);
	return ok ? EXIT_PASS : EXIT_CHECK_FAILED;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	CLEANUP_FREE const char **words = calloc((size_t)argc + 1, sizeof(*words));
	CLEANUP_FREE char *cwd = getcwd(NULL, 0);
	struct ctl_word_opts wo = { .cwd = cwd ? cwd : "/" };
	const char *socket_path = DEFAULT_SOCKET;
	struct err e = { .text = "" };
	bool json = false;
	size_t n = 0;
	json_t *req;
	struct cli c;
	int item, status;

	if (!words)
		return EXIT_HOST;
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		switch (item) {
		case CLI_WORD:
			words[n++] = c.value;
			break;
		case CLI_HELP:
			cli_help(self, stdout);
			return EXIT_PASS;
		case O_SOCKET:
			socket_path = c.value;
			break;
		case O_JSON:
			json = true;
			break;
		case O_HOLD:
			wo.hold = c.value;
			break;
		case O_BUTTON:
			wo.button = c.value;
			break;
		case O_WHEEL:
			wo.wheel = c.value;
			break;
		case O_SLOT:
			wo.slot = c.value;
			break;
		default:
			return cli_complain(self, &e);
		}
	}
	if (!n) {
		(void)err_set(&e, 0, "name an operation");
		return cli_complain(self, &e);
	}
	req = ctl_words_request(words, n, &wo, &e);
	if (!req)
		return cli_complain(self, &e);
	status = talk(socket_path, req, json);
	json_decref(req);
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
		"  metrics                                 all figures, as JSON\n"
		"  stop                                    ends the run; returns when it is over\n"
		"A GUEST or BUS may be left out where the scenario has one only.\n\n"
		"Exit status: 0 done, 1 refused, 2 the command line is wrong, 3 no run answers.\n\n"
		"examples:\n"
		"  dyno ctl status\n"
		"  dyno ctl --socket results/control.sock send can0 123#1122\n"
		"  dyno ctl touch ivi 640 400 --hold 500ms\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = run,
};
