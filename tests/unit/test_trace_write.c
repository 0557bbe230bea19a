/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing traces: what each format can hold comes back the same through its reader, the rest is
 * counted. Damaged files, cut and changed at every place, give the frames in front of the damage.
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
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "sim/trace/writer.h"

#define EPOCH (UINT64_C(1700000000) * NS_PER_S)
#define FDF   CANFD_FDF

struct sample {
	const char *chan;
	struct trace_frame f;
};

/* Every kind of frame. Stamps are multiples of 100 us unless a test changes them. */
static const struct sample samples[] = {
	{ "can0",
		{ .t_ns = EPOCH + 100000, .f = { .can_id = 0x123, .len = 2, .data = { 1, 2 } } } },
	{ "can1", { .t_ns = EPOCH + 200000,
			  .flags = TRACE_DIR_TX,
			  .f = { .can_id = 0x18fef100 | CAN_EFF_FLAG,
				  .len = 8,
				  .data = { 255, 0, 7 } } } },
	{ "can0", { .t_ns = EPOCH + 300000, .flags = TRACE_DIR_RX, .f = { .can_id = 0 } } },
	{ "can0", { .t_ns = EPOCH + 400000, .f = { .can_id = 0x7ff | CAN_RTR_FLAG, .len = 5 } } },
	{ "can0", { .t_ns = EPOCH + 500000,
			  .f = { .can_id = 0x1 | CAN_EFF_FLAG | CAN_RTR_FLAG, .len = 0 } } },
	{ "can0", { .t_ns = EPOCH + 600000,
			  .f = { .can_id = 0x100, .len = 8, .__res1 = 13, .data = { 9 } } } },
	{ "can1", { .t_ns = EPOCH + 700000,
			  .f = { .can_id = 0x200,
				  .len = 64,
				  .flags = FDF | CANFD_BRS,
				  .data = { 3, 4 } } } },
	{ "can1", { .t_ns = EPOCH + 800000,
			  .f = { .can_id = 0x201 | CAN_EFF_FLAG,
				  .len = 0,
				  .flags = FDF | CANFD_ESI } } },
	{ "can1", { .t_ns = EPOCH + 900000,
			  .f = { .can_id = 0x202, .len = 12, .flags = FDF, .data = { 5 } } } },
	{ "can1", { .t_ns = EPOCH + 950000 * 2,
			  .f = { .can_id = 0x203,
				  .len = 5,
				  .flags = FDF | CANFD_BRS | CANFD_ESI } } },
	{ "can0", { .t_ns = EPOCH + 2000000, .f = { .can_id = CAN_ERR_FLAG | 0x80, .len = 8 } } },
	{ "can0", { .t_ns = EPOCH + 2100000,
			  .f = { .can_id = CAN_ERR_FLAG | 0x8c,
				  .len = 8,
				  .data = { 0, 4, 2, 0x19 } } } },
	/* A day later, and one that came late. */
	{ "can0", { .t_ns = EPOCH + 86400 * NS_PER_S, .f = { .can_id = 0x300, .len = 1 } } },
	{ "can0", { .t_ns = EPOCH + 86399 * NS_PER_S, .f = { .can_id = 0x301, .len = 1 } } },
};

struct file {
	uint8_t *bytes;
	size_t len;
	struct trace_losses lost;
};

/* What the writer makes of n samples. */
static struct file write_all(
	const struct trace_writer_config *cfg, const struct sample *s, size_t n)
{
	int fd = memfd_create("trace", MFD_CLOEXEC), copy = dup(fd);
	struct err e = { { 0 } };
	struct trace_writer *w;
	struct file out;

	assert_true(fd >= 0 && copy >= 0);
	assert_int_equal(trace_writer_new(&w, fd, "out", cfg, &e), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(trace_write(w, &s[i].f, s[i].chan), 0);
	assert_int_equal(trace_writer_finish(w), 0);
	trace_writer_losses(w, &out.lost);
	trace_writer_free(w);
	out.len = (size_t)lseek(copy, 0, SEEK_END);
	out.bytes = test_malloc(out.len + 1);
	assert_int_equal(pread(copy, out.bytes, out.len, 0), (ssize_t)out.len);
	close(copy);
	return out;
}

static struct file write_samples(enum trace_format format, uint32_t trc_version)
{
	struct trace_writer_config cfg = {
		.format = format, .trc_version = trc_version, .epoch_known = true
	};

	return write_all(&cfg, samples, ARRAY_SIZE(samples));
}

static void ignore(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

static struct trace *open_bytes(const uint8_t *b, size_t n, bool may_fail)
{
	struct trace_options opt = { .problem = ignore };
	struct err e = { { 0 } };
	struct trace *t = NULL;

	if (trace_open_mem(&t, b, n, "file", &opt, &e) < 0 && !may_fail)
		fail_msg("%s", e.text);
	return t;
}

static bool is_wanted(const struct sample *s, uint32_t holds)
{
	if (s->f.f.flags & FDF && !(holds & TRACE_HOLDS_FD))
		return false;
	return true;
}

/* The samples again, as far as `holds` has it; stamps cut to `tick`. */
static void assert_samples(const struct file *file, uint32_t holds, uint64_t tick)
{
	struct trace *t = open_bytes(file->bytes, file->len, false);
	struct trace_stats st;
	struct trace_frame f;
	uint64_t epoch;

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const struct canfd_frame *want = &samples[i].f.f;
		bool error = want->can_id & CAN_ERR_FLAG;

		if (!is_wanted(&samples[i], holds))
			continue;
		if (trace_next(t, &f) != 1)
			fail_msg("sample %zu is missing", i);
		(void)trace_epoch(t, &epoch);
		if (f.t_ns + epoch != samples[i].f.t_ns - samples[i].f.t_ns % tick)
			fail_msg("sample %zu: time %llu", i, (unsigned long long)(f.t_ns + epoch));
		if (error && !(holds & TRACE_HOLDS_ERROR_OF)) {
			assert_int_equal(f.f.can_id, CAN_ERR_FLAG | 0x80);
			continue;
		}
		if (f.f.can_id != want->can_id || f.f.len != want->len ||
			memcmp(f.f.data, want->data, sizeof(want->data)) != 0)
			fail_msg("sample %zu: id %x len %u", i, f.f.can_id, f.f.len);
		assert_int_equal(f.f.flags, want->flags);
		assert_int_equal(f.f.__res1, holds & TRACE_HOLDS_RAW_DLC ? want->__res1 : 0);
		if (samples[i].f.flags && holds & TRACE_HOLDS_DIR)
			assert_int_equal(f.flags, samples[i].f.flags);
		if (holds & TRACE_HOLDS_NAME)
			assert_string_equal(trace_channel_name(t, f.channel), samples[i].chan);
		else if (holds & TRACE_HOLDS_CHANNEL)
			assert_int_equal(
				trace_channel_name(t, f.channel)[0], samples[i].chan[3] + 1);
	}
	assert_int_equal(trace_next(t, &f), 0);
	trace_get_stats(t, &st);
	assert_int_equal(st.malformed, 0);
	assert_false(st.truncated);
	trace_free(t);
}

static void test_every_format_gives_back_what_it_says_it_holds(void **state)
{
	(void)state;
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		const struct trace_format_info *info = trace_format_of((enum trace_format)f);
		struct file file;

		if (!(info->holds & TRACE_WRITES))
			continue;
		file = write_samples(info->id, 0);
		assert_samples(&file, info->holds, info->tick_ns);
		test_free(file.bytes);
	}
}

static void test_every_version_of_trc_gives_back_what_it_can_hold(void **state)
{
	static const struct {
		uint32_t version, lacks, lost_fd, lost_channel;
	} versions[] = {
		{ 11, TRACE_HOLDS_FD | TRACE_HOLDS_CHANNEL | TRACE_HOLDS_RAW_DLC, 4, 1 },
		{ 12, TRACE_HOLDS_FD | TRACE_HOLDS_RAW_DLC, 4, 0 },
		{ 13, TRACE_HOLDS_FD | TRACE_HOLDS_RAW_DLC, 4, 0 },
		{ 20, TRACE_HOLDS_CHANNEL | TRACE_HOLDS_RAW_DLC, 0, 5 },
		{ 21, 0, 0, 0 },
	};
	uint32_t holds = trace_format_of(TRACE_TRC)->holds;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		struct file file = write_samples(TRACE_TRC, versions[i].version);

		assert_samples(&file, holds & ~versions[i].lacks,
			versions[i].version == 11 ? 100000 : 1000);
		assert_int_equal(file.lost.n[LOSS_FD], versions[i].lost_fd);
		assert_int_equal(file.lost.n[LOSS_CHANNEL], versions[i].lost_channel);
		assert_int_equal(file.lost.n[LOSS_ERROR_OF], 1);
		assert_int_equal(file.lost.n[LOSS_RAW_DLC], versions[i].version != 21);
		assert_int_equal(file.lost.n[LOSS_FRACTION], 0);
		test_free(file.bytes);
	}
}

static void test_losses_are_counted_by_kind(void **state)
{
	struct file asc = write_samples(TRACE_ASC, 0), pcap = write_samples(TRACE_PCAP, 0),
		    csv = write_samples(TRACE_CSV, 0);

	(void)state;
	assert_int_equal(asc.lost.n[LOSS_ERROR_OF], 1);
	assert_int_equal(asc.lost.n[LOSS_NAME], 0);
	assert_int_equal(pcap.lost.n[LOSS_CHANNEL], 5);
	assert_int_equal(pcap.lost.n[LOSS_DIR], 2);
	assert_int_equal(pcap.lost.n[LOSS_NAME], 1); /* can1 has become can0 */
	assert_false(trace_loses(&csv.lost));
	assert_true(trace_loses(&pcap.lost));
	for (unsigned int i = 0; i < TRACE_LOSSES; i++)
		assert_non_null(trace_loss_text((enum trace_loss)i));
	test_free(asc.bytes);
	test_free(pcap.bytes);
	test_free(csv.bytes);
}

static void test_nanoseconds_stay_where_the_format_has_them(void **state)
{
	static const struct sample one = { "can0",
		{ .t_ns = EPOCH + 123456789, .f = { .can_id = 1, .len = 1 } } };

	(void)state;
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		const struct trace_format_info *info = trace_format_of((enum trace_format)f);
		struct trace_writer_config cfg = { .format = info->id, .epoch_known = true };
		struct trace_frame got;
		struct trace *t;
		struct file file;
		uint64_t epoch;

		if (!(info->holds & TRACE_WRITES))
			continue;
		file = write_all(&cfg, &one, 1);
		t = open_bytes(file.bytes, file.len, false);
		assert_int_equal(trace_next(t, &got), 1);
		assert_true(trace_epoch(t, &epoch));
		assert_int_equal(got.t_ns + epoch,
			one.f.t_ns - (info->tick_ns == 1 ? 0 : one.f.t_ns % info->tick_ns));
		assert_int_equal(file.lost.n[LOSS_FRACTION], info->tick_ns != 1);
		trace_free(t);
		test_free(file.bytes);
	}
}

static void test_stamps_without_a_date_stay_without_one(void **state)
{
	static const struct sample two[] = {
		{ "can0", { .t_ns = 5 * NS_PER_S, .f = { .can_id = 1, .len = 1 } } },
		{ "can0", { .t_ns = 4 * NS_PER_S, .f = { .can_id = 2, .len = 1 } } },
	};

	(void)state;
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		const struct trace_format_info *info = trace_format_of((enum trace_format)f);
		struct trace_writer_config cfg = { .format = info->id };
		struct trace_frame got;
		struct trace *t;
		struct file file;
		uint64_t epoch;

		if (!(info->holds & TRACE_WRITES))
			continue;
		file = write_all(&cfg, two, 2);
		t = open_bytes(file.bytes, file.len, false);
		assert_int_equal(trace_next(t, &got), 1);
		assert_int_equal(got.t_ns, 5 * NS_PER_S);
		assert_false(trace_epoch(t, &epoch));
		assert_int_equal(trace_next(t, &got), 1);
		assert_int_equal(got.t_ns, 4 * NS_PER_S);
		assert_int_equal(file.lost.n[LOSS_BEFORE], 0);
		trace_free(t);
		test_free(file.bytes);
	}
}

static void test_a_start_time_of_the_source_is_kept(void **state)
{
	/* Stamps of an ASC file count from its date. */
	static const struct sample one = { "1", { .t_ns = 1500, .f = { .can_id = 1, .len = 1 } } };
	struct trace_writer_config cfg = {
		.format = TRACE_BLF, .epoch_known = true, .epoch_ns = EPOCH + 191000000
	};
	struct file file = write_all(&cfg, &one, 1);
	struct trace *t = open_bytes(file.bytes, file.len, false);
	struct trace_frame got;
	uint64_t epoch;

	(void)state;
	assert_int_equal(trace_next(t, &got), 1);
	assert_true(trace_epoch(t, &epoch));
	assert_int_equal(epoch, EPOCH + 191000000);
	assert_int_equal(got.t_ns, 1500);
	trace_free(t);
	test_free(file.bytes);
}

static void test_frames_from_before_the_start_are_told(void **state)
{
	static const struct sample two[] = {
		{ "can0", { .t_ns = EPOCH + 5 * NS_PER_S, .f = { .can_id = 1, .len = 1 } } },
		{ "can0", { .t_ns = EPOCH, .f = { .can_id = 2, .len = 1 } } },
	};
	struct trace_writer_config cfg = { .format = TRACE_BLF, .epoch_known = true };
	struct file file = write_all(&cfg, two, 2);

	(void)state;
	assert_int_equal(file.lost.n[LOSS_BEFORE], 1);
	test_free(file.bytes);
}

static void test_stamps_that_are_too_large_are_told(void **state)
{
	static const struct sample one = { "can0", { .t_ns = UINT64_MAX, .f = { .can_id = 1 } } };
	struct trace_writer_config cfg = { .format = TRACE_PCAP, .epoch_known = true };
	struct file file = write_all(&cfg, &one, 1);
	struct trace *t = open_bytes(file.bytes, file.len, false);
	struct trace_frame got;

	(void)state;
	assert_int_equal(file.lost.n[LOSS_TIME], 1);
	assert_int_equal(trace_next(t, &got), 1);
	assert_int_equal(got.t_ns, UINT32_MAX * NS_PER_S);
	trace_free(t);
	test_free(file.bytes);
}

static void test_names_become_numbers_and_numbers_names(void **state)
{
	static const struct sample named[] = {
		{ "vcan3", { .t_ns = EPOCH, .f = { .can_id = 1 } } },
		{ "powertrain", { .t_ns = EPOCH, .f = { .can_id = 1 } } },
		{ "4", { .t_ns = EPOCH, .f = { .can_id = 1 } } },
		{ "a b,c", { .t_ns = EPOCH, .f = { .can_id = 1 } } },
	};
	struct trace_writer_config cfg = { .format = TRACE_ASC, .epoch_known = true };
	struct file file = write_all(&cfg, named, 4);
	static const char *const numbers[] = { "4", "1", "2", "3" };
	static const char *const names[] = { "vcan3", "powertrain", "can1", "a_b_c" };
	struct trace_frame f;
	struct trace *t;

	(void)state;
	t = open_bytes(file.bytes, file.len, false);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(trace_next(t, &f), 1);
		assert_string_equal(trace_channel_name(t, f.channel), numbers[i]);
	}
	assert_int_equal(file.lost.n[LOSS_NAME], 4);
	trace_free(t);
	test_free(file.bytes);
	cfg.format = TRACE_CSV;
	file = write_all(&cfg, named, 4);
	t = open_bytes(file.bytes, file.len, false);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(trace_next(t, &f), 1);
		assert_string_equal(trace_channel_name(t, f.channel), names[i]);
	}
	trace_free(t);
	test_free(file.bytes);
}

static void test_an_empty_trace_is_a_file_of_its_format(void **state)
{
	static const enum trace_format formats[] = { TRACE_ASC, TRACE_BLF, TRACE_TRC, TRACE_PCAPNG,
		TRACE_PCAP, TRACE_CSV };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct trace_writer_config cfg = { .format = formats[i] };
		struct file file = write_all(&cfg, NULL, 0);
		struct trace *t = open_bytes(file.bytes, file.len, false);
		struct trace_frame f;

		assert_int_equal(trace_format(t), formats[i]);
		assert_int_equal(trace_next(t, &f), 0);
		trace_free(t);
		test_free(file.bytes);
	}
}

static void test_objects_across_blf_containers_are_whole(void **state)
{
	enum { N = 20000 };
	struct sample *many = test_calloc(N, sizeof(*many));
	struct trace_writer_config cfg = { .format = TRACE_BLF, .epoch_known = true, .level = 1 };
	struct trace_frame f;
	struct file file;
	struct trace *t;

	(void)state;
	/* 116 and 48 bytes: neither divides a container. */
	for (uint32_t i = 0; i < N; i++) {
		many[i].chan = "can0";
		many[i].f.t_ns = EPOCH + i;
		many[i].f.f.can_id = i % 0x7ff;
		many[i].f.f.flags = i % 3 ? FDF : 0;
		many[i].f.f.len = i % 3 ? 64 : 8;
		memcpy(many[i].f.f.data, &i, sizeof(i));
	}
	file = write_all(&cfg, many, N);
	t = open_bytes(file.bytes, file.len, false);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(trace_next(t, &f), 1);
		assert_memory_equal(&f.f, &many[i].f.f, sizeof(f.f));
	}
	assert_int_equal(trace_next(t, &f), 0);
	trace_free(t);
	test_free(file.bytes);
	test_free(many);
}

static void test_the_read_only_formats_are_refused(void **state)
{
	struct trace_writer_config cfg = { .format = TRACE_CRTD };
	struct err e = { { 0 } };
	struct trace_writer *w;

	(void)state;
	assert_int_equal(
		trace_writer_new(&w, open("/dev/null", O_WRONLY | O_CLOEXEC), "x", &cfg, &e),
		-ENOTSUP);
	assert_non_null(strstr(e.text, "read, not written"));
}

static void test_a_full_disk_is_an_error_at_the_end(void **state)
{
	struct trace_writer_config cfg = { .format = TRACE_CANDUMP };
	struct err e = { { 0 } };
	struct trace_writer *w;

	(void)state;
	assert_int_equal(
		trace_writer_new(&w, open("/dev/full", O_WRONLY | O_CLOEXEC), "x", &cfg, &e), 0);
	assert_int_equal(trace_write(w, &samples[0].f, "can0"), 0);
	assert_int_equal(trace_writer_finish(w), -ENOSPC);
	trace_writer_free(w);
}

static void test_a_blf_file_can_be_written_to_a_pipe(void **state)
{
	struct trace_writer_config cfg = { .format = TRACE_BLF, .epoch_known = true };
	struct err e = { { 0 } };
	uint8_t bytes[4096];
	struct trace_writer *w;
	struct trace_frame f;
	struct trace *t;
	ssize_t n;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(trace_writer_new(&w, p[1], "pipe", &cfg, &e), 0);
	assert_int_equal(trace_write(w, &samples[0].f, "can0"), 0);
	assert_int_equal(trace_writer_finish(w), 0);
	trace_writer_free(w);
	n = read(p[0], bytes, sizeof(bytes));
	assert_true(n > 144);
	close(p[0]);
	t = open_bytes(bytes, (size_t)n, false);
	assert_int_equal(trace_next(t, &f), 1);
	assert_int_equal(f.f.can_id, 0x123);
	trace_free(t);
}

/* ---- damage ---- */

/* Frames of a damaged file; those in front of `intact` bytes' worth must be the samples. */
static unsigned int count_frames(const uint8_t *b, size_t n, struct trace_stats *st)
{
	struct trace *t = open_bytes(b, n, true);
	struct trace_frame f;
	unsigned int count = 0;

	*st = (struct trace_stats){ .frames = 0 };
	if (!t)
		return 0;
	while (trace_next(t, &f) > 0) {
		assert_in_range(f.f.len, 0, f.f.flags & FDF ? 64 : 8);
		count++;
		assert_true(count < 100000);
	}
	trace_get_stats(t, st);
	trace_free(t);
	return count;
}

static void test_a_file_cut_at_any_place_gives_the_frames_in_front(void **state)
{
	(void)state;
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		const struct trace_format_info *info = trace_format_of((enum trace_format)f);
		unsigned int last = 0, whole;
		struct trace_stats st;
		struct file file;

		if (!(info->holds & TRACE_WRITES))
			continue;
		file = write_samples(info->id, 0);
		whole = count_frames(file.bytes, file.len, &st);
		for (size_t n = 0; n <= file.len; n++) {
			/* From a copy of that size: a byte too far is one that valgrind and ASan
			 * see. */
			uint8_t *part = malloc(n ? n : 1);
			unsigned int got;

			assert_non_null(part);
			memcpy(part, file.bytes, n);
			got = count_frames(part, n, &st);
			free(part);
			/* Half a line may be one that can be read. */
			if (got + !trace_is_binary(info->id) < last || got > whole)
				fail_msg("%s cut at %zu: %u frames", info->name, n, got);
			last = MAX(last, got);
		}
		assert_int_equal(last, whole);
		test_free(file.bytes);
	}
}

static void test_a_cut_binary_file_tells_its_place(void **state)
{
	static const enum trace_format formats[] = { TRACE_BLF, TRACE_PCAP, TRACE_PCAPNG };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct file file = write_samples(formats[i], 0);
		struct trace_stats st;

		(void)count_frames(file.bytes, file.len - 9, &st);
		assert_true(st.truncated);
		assert_int_equal(st.malformed, 1);
		test_free(file.bytes);
	}
}

static void test_a_file_with_any_byte_changed_is_read_to_its_end(void **state)
{
	static const uint8_t masks[] = { 0xff, 0x01, 0x80 };

	(void)state;
	for (unsigned int f = TRACE_AUTO + 1; f < TRACE_FORMATS; f++) {
		const struct trace_format_info *info = trace_format_of((enum trace_format)f);
		struct trace_stats st;
		struct file file;

		if (!(info->holds & TRACE_WRITES))
			continue;
		file = write_samples(info->id, 0);
		for (size_t n = 0; n < file.len; n++) {
			for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
				file.bytes[n] ^= masks[m];
				(void)count_frames(file.bytes, file.len, &st);
				file.bytes[n] ^= masks[m];
			}
		}
		test_free(file.bytes);
	}
}

static void test_damage_in_one_blf_container_leaves_the_others(void **state)
{
	enum { N = 8000 };
	struct sample *many = test_calloc(N, sizeof(*many));
	struct trace_writer_config cfg = { .format = TRACE_BLF, .epoch_known = true, .level = 1 };
	struct trace_stats st;
	struct file file;
	unsigned int got;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		many[i] = samples[0];
		memcpy(many[i].f.f.data, &i, sizeof(i));
		many[i].f.f.len = 8;
	}
	file = write_all(&cfg, many, N);
	/* Three containers of about 2700 frames: the second one's beginning is destroyed. */
	for (size_t n = 144 + 4; n + 4 < file.len; n++) {
		if (memcmp(file.bytes + n, "LOBJ", 4) == 0) {
			memset(file.bytes + n + 40, 0xee, 64);
			break;
		}
	}
	got = count_frames(file.bytes, file.len, &st);
	assert_in_range(got, N * 6 / 10, N - 1);
	assert_true(st.malformed >= 1);
	assert_false(st.truncated);
	test_free(file.bytes);
	test_free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_format_gives_back_what_it_says_it_holds),
		cmocka_unit_test(test_every_version_of_trc_gives_back_what_it_can_hold),
		cmocka_unit_test(test_losses_are_counted_by_kind),
		cmocka_unit_test(test_nanoseconds_stay_where_the_format_has_them),
		cmocka_unit_test(test_stamps_without_a_date_stay_without_one),
		cmocka_unit_test(test_a_start_time_of_the_source_is_kept),
		cmocka_unit_test(test_frames_from_before_the_start_are_told),
		cmocka_unit_test(test_stamps_that_are_too_large_are_told),
		cmocka_unit_test(test_names_become_numbers_and_numbers_names),
		cmocka_unit_test(test_an_empty_trace_is_a_file_of_its_format),
		cmocka_unit_test(test_objects_across_blf_containers_are_whole),
		cmocka_unit_test(test_the_read_only_formats_are_refused),
		cmocka_unit_test(test_a_full_disk_is_an_error_at_the_end),
		cmocka_unit_test(test_a_blf_file_can_be_written_to_a_pipe),
		cmocka_unit_test(test_a_file_cut_at_any_place_gives_the_frames_in_front),
		cmocka_unit_test(test_a_cut_binary_file_tells_its_place),
		cmocka_unit_test(test_a_file_with_any_byte_changed_is_read_to_its_end),
		cmocka_unit_test(test_damage_in_one_blf_container_leaves_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
