/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trace readers against a folder of recordings that is not part of the repository: found by
 * DYNO_SHARED_DIR, or beside the sources. Frame counts of every file, and frame by frame where the
 * folder has a canonical list (crossformat/SET/frames.csv.gz). Skipped where the folder is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "sim/trace/trace.h"
#include "tests/support/recorded.h"

static const char *folder;

static void no_problem(void *ctx, const char *text)
{
	(void)ctx;
	fail_msg("%s", text);
}

static struct trace *open_file(const char *name)
{
	struct trace_options opt = { .problem = no_problem };
	struct err e = { { 0 } };
	struct trace *t;
	char path[8192];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (trace_open(&t, path, &opt, &e) < 0)
		fail_msg("%s", e.text);
	return t;
}

struct expected {
	const char *file;
	uint32_t frames, ext, fd, err, rtr;
};

/*
 * Where other readers count differently, their known faults are the reason: a first frame lost
 * behind a short header, FD frames without data or with a remote flag counted as remote.
 */
static const struct expected files[] = {
	{ "traces/candump/canboat__candumpSample1.txt", 6026, 6026, 0, 0, 0 },
	{ "traces/candump/canboat__candumpSample3.txt", 2368, 2368, 0, 0, 0 },
	{ "traces/candump/css-mdf4-converters__multiple_CAN.log", 164, 82, 128, 0, 0 },
	{ "traces/candump/css-mdf4-converters__multiple_LIN.log", 12, 0, 0, 0, 0 },
	{ "traces/candump/gpsd__logfile_20140914_365495765_can.log", 10495, 10495, 0, 0, 0 },
	{ "traces/candump/savvycan__candump.log", 12974, 0, 0, 0, 0 },
	/* FD frames of up to 8 bytes look classic in this dialect: 56 of 128 are left. */
	{ "traces/asc/css-mdf4-converters__multiple_CAN.asc", 164, 82, 56, 0, 0 },
	{ "traces/asc/css-mdf4-converters__multiple_LIN.asc", 12, 0, 0, 0, 0 },
	{ "traces/asc/python-can__issue_1256.asc", 1457, 0, 0, 0, 0 },
	{ "traces/asc/python-can__issue_1299.asc", 4, 0, 0, 0, 0 },
	{ "traces/asc/python-can__logfile.asc", 20, 9, 2, 4, 4 },
	{ "traces/asc/python-can__single_frame.asc", 1, 1, 1, 0, 0 },
	{ "traces/asc/python-can__test_CanErrorFrames.asc", 4, 0, 0, 4, 0 },
	{ "traces/asc/python-can__test_CanFdMessage.asc", 3, 1, 3, 0, 0 },
	{ "traces/asc/python-can__test_CanMessage.asc", 2, 0, 0, 0, 0 },
	{ "traces/blf/python-can__test_CanFdMessage.blf", 2, 0, 2, 0, 0 },
	{ "traces/blf/python-can__test_CanMessage.blf", 2, 0, 0, 0, 0 },
	{ "traces/crtd/savvycan__CRTD_Log.txt", 12974, 0, 0, 0, 0 },
	{ "traces/csv-css/css-mdf4-converters__multiple_CAN.csv", 164, 82, 128, 0, 0 },
	{ "traces/csv-css/css-mdf4-converters__multiple_LIN.csv", 12, 0, 0, 0, 0 },
	{ "traces/csv-gvret/savvycan__GVRET_Log.csv", 12974, 0, 0, 0, 0 },
	{ "traces/pcap/css-mdf4-converters__multiple_CAN.pcap", 164, 82, 128, 0, 0 },
	{ "traces/trc/canboat__sample3_PCAN-View.trc", 12274, 12274, 0, 0, 0 },
	{ "traces/trc/css-mdf4-converters__multiple_CAN.trc", 164, 82, 128, 0, 0 },
	{ "traces/trc/python-can__test_CanMessage.trc", 2, 0, 0, 0, 0 },
	{ "traces/trc/python-can__test_CanMessage_V1_1.trc", 11, 7, 0, 0, 1 },
	{ "traces/trc/python-can__test_CanMessage_V2_1.trc", 11, 7, 0, 0, 1 },
	{ "traces/mf4/css__nmea2000_94C49784.mf4", 9600, 9600, 0, 0, 0 },
	{ "traces/mf4/css__uds_17BD1DB7.mf4", 2010, 0, 0, 0, 0 },
	{ "pairs/j1939_truck/j1939_truck.mf4", 57849, 45571, 0, 0, 0 },
	{ "pairs/vw_obd2/vw_obd2_gnss.mf4", 65296, 1091, 0, 0, 0 },
	{ "pairs/nmea2000_boat/can0-2.pcap", 47166, 47166, 0, 0, 0 },
	{ "pairs/j1939_truck/j1939_truck_first20k.log", 20000, 16443, 0, 0, 0 },
	{ "pairs/nmea2000_boat/can0-2.log", 47166, 47166, 0, 0, 0 },
	{ "pairs/subaru_brz/can_sample.log", 82558, 0, 0, 0, 0 },
	{ "pairs/tesla_model3/it-candump0.log", 10000, 0, 0, 0, 0 },
	{ "pairs/toyota_rav4/rav4_rx.log", 98800, 0, 0, 0, 0 },
	{ "pairs/vw_obd2/vw_obd2_gnss_noimu.log", 11772, 1091, 0, 0, 0 },
};

static void test_every_file_has_its_frames_and_no_malformed_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct expected got = { .file = files[i].file };
		struct trace *t = open_file(files[i].file);
		struct trace_frame f;

		while (trace_next(t, &f) > 0) {
			got.frames++;
			got.ext += (f.f.can_id & CAN_EFF_FLAG) != 0;
			got.fd += (f.f.flags & CANFD_FDF) != 0;
			got.err += (f.f.can_id & CAN_ERR_FLAG) != 0;
			got.rtr += (f.f.can_id & CAN_RTR_FLAG) != 0;
		}
		trace_free(t);
		if (got.frames != files[i].frames || got.ext != files[i].ext ||
			got.fd != files[i].fd || got.err != files[i].err || got.rtr != files[i].rtr)
			fail_msg("%s: %u frames, %u ext, %u fd, %u err, %u rtr", got.file,
				got.frames, got.ext, got.fd, got.err, got.rtr);
	}
}

/* A row of frames.csv. */
struct row {
	double t;
	char ch[16], data[160];
	unsigned int id, ext, fd, brs, esi, rtr, err, len;
};

static bool next_row(FILE *csv, struct row *r)
{
	char line[512], *p = line, *field[13];
	unsigned int n = 0;

	if (!fgets(line, sizeof(line), csv))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	while (n < 13 && (field[n] = strsep(&p, ",")))
		n++;
	assert_int_equal(n, 13);
	memset(r, 0, sizeof(*r));
	r->t = strtod(field[1], NULL);
	(void)snprintf(r->ch, sizeof(r->ch), "%s", field[2]);
	r->id = (unsigned int)strtoul(field[3], NULL, 16);
	r->ext = field[4][0] == '1';
	r->fd = field[5][0] == '1';
	r->brs = field[6][0] == '1';
	r->esi = field[7][0] == '1';
	r->rtr = field[8][0] == '1';
	r->err = field[9][0] == '1';
	r->len = (unsigned int)strtoul(field[11], NULL, 10);
	(void)snprintf(r->data, sizeof(r->data), "%s", field[12]);
	return true;
}

/* What a form does not carry, or only coarsely. */
enum {
	NO_CHANNEL = 1,
	NO_BRS = 2,
	RELATIVE = 4,
	TICKS_100US = 8,
	NO_REMOTE_LEN = 16,
	TICKS_1MS = 32,
	EPOCH = 64 /* what the header says makes times of day of the stamps */
};

static void compare_frame(const char *file, unsigned int i, const struct trace *t,
	const struct trace_frame *f, const struct row *r, unsigned int lacks, double t_off)
{
	double tolerance = lacks & TICKS_1MS ? 1.01e-3 : lacks & TICKS_100US ? 101e-6 : 1.1e-6;
	double dt = (double)f->t_ns * 1e-9 - t_off - r->t;
	char data[160] = "";
	bool same;

	if (dt > tolerance || dt < -tolerance)
		fail_msg("%s: frame %u is %.9f s off", file, i, dt);
	if (r->err) {
		if (!(f->f.can_id & CAN_ERR_FLAG))
			fail_msg("%s: frame %u is no error frame", file, i);
		return;
	}
	for (unsigned int k = 0; k < f->f.len && !r->rtr; k++)
		(void)snprintf(data + 2 * k, 3, "%02x", f->f.data[k]);
	same = (f->f.can_id & CAN_EFF_MASK) == r->id && !(f->f.can_id & CAN_EFF_FLAG) == !r->ext &&
	       !(f->f.can_id & CAN_RTR_FLAG) == !r->rtr && !(f->f.flags & CANFD_FDF) == !r->fd &&
	       (f->f.len == r->len || (r->rtr && lacks & NO_REMOTE_LEN)) &&
	       strcmp(data, r->data) == 0;
	if (!(lacks & NO_BRS))
		same = same && !(f->f.flags & CANFD_BRS) == !r->brs &&
		       !(f->f.flags & CANFD_ESI) == !r->esi;
	if (!(lacks & NO_CHANNEL))
		same = same && strcmp(trace_channel_name(t, f->channel), r->ch) == 0;
	if (!same)
		fail_msg("%s: frame %u differs: %08x len %u flags %x %s", file, i, f->f.can_id,
			f->f.len, f->f.flags, data);
}

static void compare(const char *set, const char *suffix, unsigned int lacks)
{
	char cmd[8400], file[256];
	struct trace_frame f;
	double t_off = 0;
	struct trace *t;
	struct row r;
	unsigned int n = 0;
	FILE *csv;

	(void)snprintf(cmd, sizeof(cmd), "gzip -dc '%s/crossformat/%s/frames.csv.gz'", folder, set);
	(void)snprintf(file, sizeof(file), "crossformat/%s/%s%s", set, set, suffix);
	csv = popen(cmd, "r");
	assert_non_null(csv);
	assert_non_null(fgets(cmd, sizeof(cmd), csv)); /* the heading */
	t = open_file(file);
	while (next_row(csv, &r)) {
		if (trace_next(t, &f) <= 0)
			fail_msg("%s: only %u frames", file, n);
		if (n == 0 && lacks & RELATIVE)
			t_off = (double)f.t_ns * 1e-9 - r.t;
		if (n == 0 && lacks & EPOCH) {
			uint64_t epoch;

			if (!trace_epoch(t, &epoch))
				fail_msg("%s: no start time", file);
			t_off = -(double)epoch * 1e-9;
		}
		compare_frame(file, n++, t, &f, &r, lacks, t_off);
	}
	assert_int_equal(trace_next(t, &f), 0);
	assert_in_range(n, 800, 100000);
	trace_free(t);
	(void)pclose(csv);
}

static void test_every_form_of_one_trace_is_frame_by_frame_the_same(void **state)
{
	static const char *const sets[] = { "boat", "brz", "synth_fd_a" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		compare(sets[i], ".log", 0);
		compare(sets[i], ".log2long.txt", NO_BRS);
		compare(sets[i], ".log2asc.asc", NO_CHANNEL | RELATIVE);
		compare(sets[i], ".log2asc-r.asc", NO_CHANNEL | RELATIVE | NO_REMOTE_LEN);
		compare(sets[i], ".log2asc-4.asc", NO_CHANNEL | RELATIVE | TICKS_100US);
		compare(sets[i], ".pycan.asc", NO_CHANNEL | RELATIVE);
		compare(sets[i], ".pycan.blf", NO_CHANNEL | EPOCH);
		/* Older versions cut the start time to milliseconds. */
		compare(sets[i], ".pycan41.blf", NO_CHANNEL | RELATIVE);
		compare(sets[i], ".mf4", NO_CHANNEL | EPOCH);
		compare(sets[i], ".pcap", NO_CHANNEL | EPOCH);
		compare(sets[i], ".pcapng", NO_CHANNEL | EPOCH);
		/* The FD set was never written to these. */
		if (strncmp(sets[i], "synth", 5) == 0)
			continue;
		compare(sets[i], ".pycan.csv", NO_CHANNEL | EPOCH);
		compare(sets[i], ".v21.trc", NO_CHANNEL | EPOCH);
		compare(sets[i], ".v10.trc", NO_CHANNEL | RELATIVE | TICKS_1MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_file_has_its_frames_and_no_malformed_line),
		cmocka_unit_test(test_every_form_of_one_trace_is_frame_by_frame_the_same),
	};

	folder = recorded_data();
	if (access(folder, R_OK) != 0) {
		printf("skipped: no recordings at %s (set DYNO_SHARED_DIR)\n", folder);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
