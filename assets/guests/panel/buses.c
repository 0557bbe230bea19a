/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, receiving, sending, and coming back from bus-off. */
#include "buses.h"

void buses_init(struct buses *b)
{
	unsigned int n = dyno_can_count();

	*b = (struct buses){ .n = n < GAUGES_BUSES_MAX ? n : GAUGES_BUSES_MAX };
	for (unsigned int i = 0; i < b->n; i++)
		b->name[i] = dyno_can_name(i);
}

void buses_start(struct buses *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		b->can[i] = dyno_can_open(i);
}

bool buses_recv(struct buses *b, unsigned int i, struct dyno_can_frame *f)
{
	return i < b->n && b->can[i] && dyno_can_recv(b->can[i], f);
}

bool buses_send(struct buses *b, unsigned int i, const struct dyno_can_frame *f)
{
	int rc;

	if (i >= b->n || !b->can[i])
		return false;
	rc = dyno_can_send(b->can[i], f);
	if (rc == DYNO_E_STATE && dyno_can_state(b->can[i]) == DYNO_CAN_BUSOFF)
		(void)!dyno_can_start(b->can[i]);
	if (rc)
		return false;
	dyno_can_kick(b->can[i]);
	return true;
}
