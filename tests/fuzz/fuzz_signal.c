/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text is a file of names or is reported; what it defines can be set, sent and received. The
 * bytes behind a NUL are packets of another process and payloads of the bus.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proto/signal_port.h"
#include "sim/scenario/scenario.h"
#include "sim/signal/can.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer of its scanner on some malformed texts; no leak of ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static const char database[] = "VERSION \"\"\n\nBU_: Engine Body\n\n"
			       "BO_ 256 Motor: 8 Engine\n"
			       " SG_ Rpm : 0|16@1+ (0.25,0) [0|8000] \"rpm\" Body\n"
			       " SG_ Gear : 24|4@1- (1,0) [0|0] \"\" Body\n"
			       " SG_ Wide : 39|32@0- (1,0) [0|0] \"\" Body\n\n"
			       "BO_ 512 Mux: 3 Engine\n"
			       " SG_ Page M : 0|8@1+ (1,0) [0|0] \"\" Body\n"
			       " SG_ First m1 : 8|8@1+ (1,0) [0|0] \"\" Body\n"
			       " SG_ Second m2 : 8|16@1+ (1,0) [0|0] \"\" Body\n\n"
			       "BO_ 1024 Door: 1 Body\n"
			       " SG_ Open : 0|1@1+ (1,0) [0|1] \"\" Engine\n\n"
			       "VAL_ 256 Gear -1 \"Reverse\" 0 \"Park\" ;\n";

static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("file", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, text, len, 0) != (ssize_t)len)
		abort();
	return fd;
}

static int swallow(void *ctx, uint32_t bus, const struct canfd_frame *f, uint64_t t_ns)
{
	(void)ctx;
	(void)t_ns;
	if (bus != 0 || f->len > CAN_MAX_DLEN)
		abort();
	return 0;
}

static void use(const struct scenario *s, const uint8_t *bytes, size_t n)
{
	static const uint32_t ids[] = { 0x100, 0x200, 0x400 };
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct bench_clock clock;
	struct agenda agenda;
	struct ev_loop *loop;
	struct signals *t;
	struct signal_can *can;
	struct signal_can_config cfg = { .agenda = &agenda, .send = swallow };
	int k;

	bench_clock_init(&clock);
	if (ev_loop_new(&loop) || agenda_init(&agenda, loop, &clock) ||
		signals_new(&t, &s->signals, &agenda))
		abort();
	cfg.table = t;
	if (signal_can_new(&can, &cfg))
		abort();
	signals_begin(t);
	k = signal_rec_unpack(bytes, (uint32_t)n, s->signals.n_defs, r);
	for (int i = 0; i < k; i++)
		(void)!signals_set(
			t, r[i].signal, r[i].value, r[i].t_ns % NS_PER_S, SIGNAL_BY_GUEST);
	for (size_t at = 0; at < n; at += 8) {
		struct canfd_frame f = { .can_id = ids[at / 8 % 3],
			.len = (uint8_t)(n - at < 8 ? n - at : 8) };

		memcpy(f.data, bytes + at, f.len);
		signal_can_frame(can, 0, &f, false, at);
	}
	for (uint32_t i = 0; i < s->signals.n_defs; i++)
		(void)signal_value_name(&s->signals, i, signals_get(t, i)->shown);
	agenda_run_to(&agenda, 50 * NS_PER_MS);
	agenda_fini(&agenda);
	signal_can_free(can);
	signals_free(t);
	ev_loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario_opts opts = { .no_env = true };
	const uint8_t *nul = memchr(data, 0, size);
	size_t len = nul ? (size_t)(nul - data) : size;
	struct scenario *s = NULL;
	static int dbc = -1;
	static FILE *null;
	char text[400];
	int names = file_of((const char *)data, len);

	if (!null) {
		null = fopen("/dev/null", "w");
		dbc = file_of(database, sizeof(database) - 1);
	}
	snprintf(text, sizeof(text),
		"duration: 1s\nbuses: { can0: {} }\nsignals:\n  databases:\n    - dbc: "
		"/proc/self/fd/%d\n      send: { Motor: { cycle: 10ms }, Mux: 5ms }\n  names: "
		"/proc/self/fd/%d\n",
		dbc, names);
	if (scenario_load_text(text, strlen(text), "fuzz.yaml", &opts, null, &s) == 0)
		use(s, nul ? nul + 1 : data + size, nul ? size - len - 1 : 0);
	scenario_free(s);
	close(names);
	return 0;
}
