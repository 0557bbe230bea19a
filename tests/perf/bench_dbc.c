/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cost of decoding and encoding a signal, on a database made here: both byte orders, all lengths,
 * signed and unsigned, floats, a selector. Prints one JSON object.
 *
 * usage: bench_dbc [file.dbc]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sim/dbc/dbc.h"
#include "tests/perf/perf.h"

#define MESSAGES 200u
#define ROUNDS   2000u
#define TAKES    5u

static char *make_text(size_t *len)
{
	size_t cap = (size_t)MESSAGES * 2048;
	char *t = malloc(cap);
	size_t n = 0;

	if (!t)
		exit(1);
	for (uint32_t m = 0; m < MESSAGES; m++) {
		n += (size_t)snprintf(t + n, cap - n,
			"BO_ %u M%u: 8 X\n SG_ S M : 0|2@1+ (1,0) [0|0] \"\" X\n", 0x100 + m, m);
		for (uint32_t s = 0; s < 7; s++)
			n += (size_t)snprintf(t + n, cap - n,
				" SG_ S%u %s: %u|%u@%u%c (0.01,-40) [0|0] \"km/h\" X\n", s,
				s == 6 ? "m1 " : "", s % 2 ? 8 * s + 7 : 8 * s + 2, 3 + (m + s) % 6,
				s % 2 == 0, m % 2 ? '+' : '-');
		/* Fits whatever the others do: overlapping costs nothing. */
		n += (size_t)snprintf(t + n, cap - n,
			" SG_ W : 3|57@1+ (1,0) [0|0] \"\" X\n SG_ F : 32|32@1- (1,0) [0|0] \"\" X\n");
	}
	for (uint32_t m = 0; m < MESSAGES; m++)
		n += (size_t)snprintf(t + n, cap - n, "SIG_VALTYPE_ %u F : 1;\n", 0x100 + m);
	*len = n;
	return t;
}

/* ns per signal: finding the message, all its signals. */
static double decode_all(const struct dbc *db, struct dbc_sample *out, uint64_t *signals)
{
	uint8_t data[CANFD_MAX_DLEN] = { 0x5a, 0xc3, 0x11, 0x7e, 0x81, 0x3c, 0x99, 0x42 };
	uint64_t n = 0, t0 = clock_now_ns();

	for (uint32_t r = 0; r < ROUNDS * MESSAGES / MAX(db->n_messages, 1u) + 1; r++) {
		for (uint32_t i = 0; i < db->n_messages; i++) {
			const struct dbc_message *m = dbc_match(db, db->messages[i].can_id);

			data[0] = (uint8_t)r;
			n += dbc_decode(m, data, MIN(m->len, CANFD_MAX_DLEN), out);
		}
	}
	*signals = n;
	return (double)(clock_now_ns() - t0) / (double)MAX(n, 1u);
}

static double encode_all(const struct dbc *db, const struct dbc_sample *in)
{
	uint8_t data[CANFD_MAX_DLEN] = { 0 };
	uint64_t n = 0, t0 = clock_now_ns();

	for (uint32_t r = 0; r < ROUNDS; r++) {
		for (uint32_t i = 0; i < db->n_messages; i++) {
			const struct dbc_message *m = &db->messages[i];

			for (uint32_t k = 0; k < m->n_signals; k++, n++)
				(void)!dbc_put(&m->signals[k], data, MIN(m->len, CANFD_MAX_DLEN),
					in[k].present ? in[k].raw : 0);
		}
	}
	return (double)(clock_now_ns() - t0) / (double)n;
}

int main(int argc, char **argv)
{
	double dec[TAKES], enc[TAKES], parse_s;
	struct diags d = { .n = 0 };
	struct dbc_sample *out;
	struct err e = { "" };
	uint64_t signals = 0, t0;
	struct dbc *db;
	size_t len = 0;
	char *text = argc > 1 ? NULL : make_text(&len);
	int rc;

	t0 = clock_now_ns();
	rc = text ? dbc_parse(&db, "bench", text, len, &d, &e) : dbc_load(&db, argv[1], &d, &e);
	parse_s = (double)(clock_now_ns() - t0) * 1e-9;
	if (rc < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	out = calloc(db->n_signals + 1, sizeof(*out));
	if (!out)
		return 1;
	for (uint32_t i = 0; i < TAKES; i++) {
		dec[i] = decode_all(db, out, &signals);
		enc[i] = encode_all(db, out);
	}
	perf_sort(dec, TAKES);
	perf_sort(enc, TAKES);
	printf("{\"decode_ns_per_signal\": %.1f, \"decode_ns_per_signal_worst\": %.1f, "
	       "\"encode_ns_per_signal\": %.1f, \"signals_per_take\": %lu, \"database_signals\": %u, "
	       "\"parse_ms\": %.2f, \"limit_ns_per_signal\": 100}\n",
		dec[TAKES / 2], dec[TAKES - 1], enc[TAKES / 2], (unsigned long)signals,
		db->n_signals, parse_s * 1e3);
	free(out);
	dbc_free(db);
	diag_fini(&d);
	free(text);
	return 0;
}
