/* SPDX-License-Identifier: Apache-2.0 */
/* "Traditional Memory Balloon Device". With balloon=follow the guest then follows the device's
 * target until it is 0 again, with 16 MiB of written memory. */
#include <string.h>

#include "suite.h"

#define PAGE      4096u
#define PAGES     16u
#define F_STATS   VIRTIO_BIT(1)
#define F_REPORTS VIRTIO_BIT(5)
#define MANY      4096u
#define A_LIST    256u

enum { Q_INFLATE, Q_DEFLATE, Q_STATS, Q_REPORTING = 4 };
enum { CONFIG_TARGET = 0, CONFIG_ACTUAL = 4 };

static struct virtq inflate, deflate, stats, reporting;

static bool send_pages(struct virtq *q, const uint8_t *memory, uint32_t n)
{
	static uint32_t number[A_LIST];
	uint32_t len;

	for (uint32_t i = 0; i < n; i++)
		number[i] = (uint32_t)((uintptr_t)memory / PAGE) + i;
	return transact(
		q, &(struct virtq_buf){ number, n * (uint32_t)sizeof(number[0]) }, 1, 0, &len);
}

static bool is_zero(const uint8_t *p, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static void check_pages(uint8_t *memory)
{
	memset(memory, 0x5a, PAGES * PAGE);
	verdict(send_pages(&inflate, memory, PAGES / 2), "balloon.inflate",
		"pages go into the balloon", "no answer");
	verdict(send_pages(&deflate, memory, PAGES / 2), "balloon.deflate",
		"and come out of it again", "no answer");
	verdict(!is_zero(memory + PAGES / 2 * PAGE, PAGE), "balloon.others",
		"pages that were not named keep their contents", "they are zero");
	memset(memory, 0x77, PAGE);
	verdict(memory[0] == 0x77 && memory[PAGE - 1] == 0x77, "balloon.again",
		"what came out is memory again", "it is not");
}

static void check_stats(void)
{
	static const struct {
		uint16_t tag;
		uint64_t value;
	} __attribute__((packed)) sent = { 4, 12345678 };
	union {
		const void *in;
		void *out;
	} p = { .in = &sent };
	uint32_t len;

	verdict(virtq_add(&stats, &(struct virtq_buf){ p.out, sizeof(sent) }, 1, 0, &stats) == 0,
		"balloon.stats", "statistics are taken", "the queue is full");
	virtq_kick_now(&stats);
	verdict(!wait_used(&stats, 50) && virtq_pop(&stats, &len) == NULL, "balloon.keeps",
		"their buffer stays the device's until it asks again", "it came back");
}

static void check_report(uint8_t *memory)
{
	uint32_t len = 1;

	memset(memory, 0x5a, 3 * PAGE);
	verdict(transact(&reporting, &(struct virtq_buf){ memory + PAGE, PAGE }, 0, 1, &len) &&
			len == 0,
		"balloon.report", "a free page is reported", "length %u", len);
	verdict(memory[PAGE - 1] == 0x5a && memory[2 * PAGE] == 0x5a, "balloon.bounds",
		"its neighbours keep their contents", "they changed");
}

static uint32_t target(const struct virtio_dev *v)
{
	uint32_t n;

	virtio_config_read(v, CONFIG_TARGET, &n, sizeof(n));
	return n;
}

static void tell_actual(const struct virtio_dev *v, uint32_t n)
{
	virtio_config_write(v, CONFIG_ACTUAL, &n, sizeof(n));
}

static void wait_target(const struct virtio_dev *v, bool more)
{
	while ((target(v) >= MANY) != more)
		dyno_sleep_until(dyno_now_ns() + DYNO_MS(2));
}

static void follow(const struct virtio_dev *v)
{
	uint8_t *memory = dyno_alloc(MANY * PAGE, PAGE);
	bool ok = memory != NULL;

	if (!verdict(ok, "balloon.memory", "there is memory to give", "none"))
		return;
	memset(memory, 0x5a, MANY * PAGE);
	dyno_printf("FILLED\n");
	wait_target(v, true);
	for (uint32_t i = 0; i < MANY; i += A_LIST)
		ok = ok && send_pages(&inflate, memory + i * PAGE, A_LIST);
	tell_actual(v, MANY);
	dyno_printf("INFLATED\n");
	wait_target(v, false);
	for (uint32_t i = 0; i < MANY; i += A_LIST)
		ok = ok && send_pages(&deflate, memory + i * PAGE, A_LIST);
	tell_actual(v, 0);
	memset(memory, 0x11, MANY * PAGE);
	verdict(ok, "balloon.follow", "the balloon follows the target", "a request failed");
	dyno_free(memory);
}

void suite_balloon(void)
{
	uint8_t *memory = dyno_alloc(PAGES * PAGE, PAGE);
	const char *mode = dyno_option("balloon");
	struct virtio_dev v;

	if (virtio_find(&v, VIRTIO_BALLOON, 0) != 0) {
		verdict_skip("balloon", "memory balloon", "there is none");
		dyno_free(memory);
		return;
	}
	if (!verdict(memory != NULL &&
			     virtio_negotiate(&v, virtio_ring_features() | F_STATS | F_REPORTS) ==
				     0 &&
			     virtq_new(&inflate, &v, Q_INFLATE, 16) == 0 &&
			     virtq_new(&deflate, &v, Q_DEFLATE, 16) == 0 &&
			     virtq_new(&stats, &v, Q_STATS, 16) == 0 &&
			     virtq_new(&reporting, &v, Q_REPORTING, 16) == 0,
		    "balloon.open", "the driver starts", "refused"))
		return;
	virtio_driver_ok(&v);
	check_pages(memory);
	check_stats();
	check_report(memory);
	if (mode != NULL && strcmp(mode, "follow") == 0)
		follow(&v);
	verdict(virtio_reset(&v) == 0, "balloon.end", "reset", "failed");
	virtq_free(&inflate);
	virtq_free(&deflate);
	virtq_free(&stats);
	virtq_free(&reporting);
	dyno_free(memory);
}
