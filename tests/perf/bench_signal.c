/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost of signals on the bus thread, on a database made here: a received signal, a message that is
 * made and sent with counter and CRC, and a call of a script that reads and sets a signal. Prints
 * one JSON object.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/scenario/scenario.h"
#include "sim/sensor/script.h"
#include "sim/signal/can.h"
#include "tests/perf/perf.h"

#define MESSAGES 200u
#define SIGNALS  6u /* of a message, without counter and checksum */
#define ROUNDS   500u
#define TAKES    5u

struct bed {
	struct scenario *s;
	struct ev_loop *loop;
	struct bench_clock clock;
	struct agenda agenda;
	struct signals *table;
	struct signal_can *can;
	struct script *script;
	uint64_t sent;
};

static void need(int rc)
{
	if (rc) {
		fprintf(stderr, "bench_signal: %s\n", strerror(rc < 0 ? -rc : rc));
		exit(1);
	}
}

static int file_of(const char *text)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	need(fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text));
	return fd;
}

static int make_database(void)
{
	size_t cap = (size_t)MESSAGES * 1024, n = 0;
	char *t = malloc(cap);
	int fd;

	need(!t);
	n += (size_t)snprintf(t, cap, "BU_: E\n");
	for (uint32_t m = 0; m < MESSAGES; m++) {
		n += (size_t)snprintf(t + n, cap - n, "BO_ %u M%u: 8 E\n", 0x100 + m, m);
		for (uint32_t s = 0; s < SIGNALS; s++)
			n += (size_t)snprintf(t + n, cap - n,
				" SG_ S%u : %u|8@1+ (0.5,-40) [0|0] \"\" E\n", s, 8 * s);
		n += (size_t)snprintf(t + n, cap - n,
			" SG_ Count : 48|8@1+ (1,0) [0|0] \"\" E\n SG_ Crc : 56|8@1+ (1,0) [0|0] \"\" E\n");
	}
	fd = file_of(t);
	free(t);
	return fd;
}

static int take(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	struct bed *b = ctx;

	(void)bus;
	(void)f;
	(void)t_ns;
	b->sent++;
	return 0;
}

static int no_frame(const char *text, struct canfd_frame *out, struct err *e)
{
	(void)text;
	*out = (struct canfd_frame){ 0 };
	return err_set(e, -1, "no frames here");
}

/* All messages are received, or all are sent every 10 ms. */
static void begin(struct bed *b, bool send)
{
	size_t cap = (size_t)MESSAGES * 160, n;
	char *text = malloc(cap);
	int fd = make_database();
	struct signal_can_config can = { .agenda = &b->agenda, .send = take, .ctx = b };

	need(!text);
	n = (size_t)snprintf(text, cap,
		"duration: 1s\nbuses: { can0: {} }\nsignals:\n  databases:\n    - dbc: "
		"/proc/self/fd/%d\n",
		fd);
	for (uint32_t m = 0; send && m < MESSAGES; m++)
		n += (size_t)snprintf(text + n, cap - n,
			"%s        M%u: { cycle: 10ms, counter: Count, checksum: { signal: Crc, "
			"algorithm: crc8-j1850 } }\n",
			m ? "" : "      send:\n", m);
	*b = (struct bed){ .s = NULL };
	need(scenario_load_text(text, strlen(text), "bench.yaml", NULL, stderr, &b->s));
	need(ev_loop_new(&b->loop));
	bench_clock_init(&b->clock);
	need(agenda_init(&b->agenda, b->loop, &b->clock));
	need(signals_new(&b->table, &b->s->signals, &b->agenda));
	can.table = b->table;
	can.ctx = b;
	need(signal_can_new(&b->can, &can));
	free(text);
	close(fd);
}

static void end(struct bed *b)
{
	agenda_fini(&b->agenda);
	script_free(b->script);
	signal_can_free(b->can);
	signals_free(b->table);
	ev_loop_free(b->loop);
	scenario_free(b->s);
}

static double receive_ns(struct bed *b)
{
	uint64_t t0 = clock_now_ns();

	for (uint32_t r = 0; r < ROUNDS; r++) {
		for (uint32_t m = 0; m < MESSAGES; m++) {
			struct canfd_frame f = { .can_id = 0x100 + m, .len = 8 };

			memset(f.data, (int)(r + m), 8);
			signal_can_frame(b->can, 0, &f, false, r);
		}
	}
	return (double)(clock_now_ns() - t0) / (ROUNDS * MESSAGES * (SIGNALS + 2));
}

static double send_ns(struct bed *b, uint64_t from_ms)
{
	uint64_t t0 = clock_now_ns(), sent = b->sent;

	agenda_run_to(&b->agenda, (from_ms + ROUNDS * 10) * NS_PER_MS);
	return (double)(clock_now_ns() - t0) / (double)(b->sent - sent);
}

static double script_ns(struct bed *b, uint64_t from_ms)
{
	uint64_t t0 = clock_now_ns();

	agenda_run_to(&b->agenda, (from_ms + ROUNDS * 10) * NS_PER_MS);
	return (double)(clock_now_ns() - t0) / (ROUNDS * 10);
}

static void start_script(struct bed *b)
{
	static const char *const buses[] = { "can0" };
	static const char text[] = "every(1, function() set('M0.S0', get('M0.S1') or 1) end)";
	char path[40];
	int fd = file_of(text);
	struct script_config cfg = { .name = "bench.lua",
		.file = path,
		.folder = "/",
		.memory_bytes = SCRIPT_MEMORY_BYTES,
		.instructions = SCRIPT_INSTRUCTIONS,
		.table = b->table,
		.agenda = &b->agenda,
		.buses = buses,
		.n_buses = 1,
		.parse = no_frame,
		.send = take,
		.ctx = b };
	struct err e;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	need(script_new(&b->script, &cfg, &e));
	close(fd);
}

static double median(double *v)
{
	perf_sort(v, TAKES);
	return v[TAKES / 2];
}

int main(void)
{
	double rx[TAKES], tx[TAKES], lua[TAKES];
	struct bed b;

	begin(&b, false);
	for (uint32_t i = 0; i < TAKES; i++)
		rx[i] = receive_ns(&b);
	start_script(&b);
	for (uint32_t i = 0; i < TAKES; i++)
		lua[i] = script_ns(&b, (uint64_t)i * ROUNDS * 10);
	end(&b);
	begin(&b, true);
	for (uint32_t i = 0; i < TAKES; i++)
		tx[i] = send_ns(&b, (uint64_t)i * ROUNDS * 10);
	end(&b);
	printf("{\"receive_ns_per_signal\": %.1f, \"send_ns_per_message\": %.1f, "
	       "\"script_ns_per_call\": %.1f, \"signals_per_message\": %u}\n",
		median(rx), median(tx), median(lua), SIGNALS + 2);
	return 0;
}
