/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end for measurements of the CAN path: what it does with a frame is in its identifier
 * (tests/guest/echo/echo.h). It sleeps whenever nothing is to be done.
 */
#include <string.h>

#include "dyno/dyno.h"
#include "tests/guest/echo/echo.h"

/* An emulated processor may run an interrupt between STI and HLT, so that the halt goes on: look
 * again by itself. */
#define NAP_NS UINT64_C(50000000)

static struct dyno_can *can;

/* Waits for room where there is none: nothing is ever lost here. */
static void send(const struct dyno_can_frame *f)
{
	int rc;

	while ((rc = dyno_can_send(can, f)) == DYNO_E_FULL)
		dyno_wait(dyno_now_ns() + NAP_NS);
	if (rc != 0)
		dyno_printf("echo: cannot send: %s\n", dyno_error_name(rc));
}

static void burst(struct dyno_can_frame *f)
{
	uint32_t count;

	memcpy(&count, f->data, sizeof(count));
	f->id++;
	for (uint32_t i = 0; i < count; i++) {
		memcpy(f->data, &i, sizeof(i));
		send(f);
	}
}

/* Of ECHO_SINK: how many came, and how many were not the one after the last. */
static uint32_t sunk, out_of_order;

static void sink(const struct dyno_can_frame *f)
{
	uint32_t number;

	memcpy(&number, f->data, sizeof(number));
	out_of_order += number != sunk;
	sunk++;
}

static void sum(struct dyno_can_frame *f)
{
	memcpy(f->data, &sunk, sizeof(sunk));
	memcpy(f->data + 4, &out_of_order, sizeof(out_of_order));
	f->len = 8;
	f->flags = 0;
	f->id++;
	send(f);
	sunk = out_of_order = 0;
}

void dyno_main(void)
{
	struct dyno_can_frame f;

	can = dyno_can_open(0);
	if (can == NULL)
		return;
	dyno_printf("READY echo\n");
	for (;;) {
		while (dyno_can_recv(can, &f)) {
			if (f.id == ECHO_BURST) {
				burst(&f);
			} else if (f.id == ECHO_SINK) {
				sink(&f);
			} else if (f.id == ECHO_SUM) {
				sum(&f);
			} else {
				for (unsigned int i = 0; f.id == ECHO_PING && i < f.len; i++)
					f.data[i]++;
				f.id++;
				send(&f);
			}
		}
		dyno_wait(dyno_now_ns() + NAP_NS);
	}
}
