/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end for measurements of the CAN path: what it does with a frame is in its identifier
 * (tests/guest/echo/echo.h). It sleeps whenever nothing is to be done.
 */
#include <string.h>

#include "dyno/dyno.h"
#include "tests/guest/echo/echo.h"

static struct dyno_can *can;

/* Waits for room where there is none: nothing is ever lost here. */
static void send(const struct dyno_can_frame *f)
{
	int rc;

	while ((rc = dyno_can_send(can, f)) == DYNO_E_FULL)
		dyno_wait(DYNO_FOREVER);
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
			} else if (f.id != ECHO_SINK) {
				f.id++;
				send(&f);
			}
		}
		dyno_wait(DYNO_FOREVER);
	}
}
