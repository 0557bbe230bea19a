/* SPDX-License-Identifier: Apache-2.0 */
/* Faults and error counters; see fault.h. Which frames they meet is decided here, bus.c acts. */
#include "sim/canbus/fault.h"

#include "sim/canbus/bus.h"

/* ISO 11898-1, "Fault confinement": what a transmitter's error counts, and the limits. */
#define TX_STEP       8u
#define PASSIVE_LIMIT 127u
#define BUSOFF_LIMIT  255u
#define RX_RECOVERED  120u /* a receiver that was passive and heard a frame */

/* xorshift64*: the same seed gives the same faults. */
static uint32_t draw(struct canbus_fault *f)
{
	uint64_t x = f->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	f->random = x;
	return (uint32_t)((x * UINT64_C(2685821657736338717)) >> 32);
}

void canbus_fault_add(struct canbus *b, struct canbus_fault *f)
{
	struct canbus_fault **end = &b->faults;

	if (f->bus)
		return;
	while (*end)
		end = &(*end)->next;
	f->bus = b;
	f->next = NULL;
	f->seen = f->hit = 0;
	f->holds = false;
	/* 0 is the one state that xorshift does not leave. */
	f->random = f->seed ? f->seed : UINT64_C(0x9e3779b97f4a7c15);
	*end = f;
}

void canbus_fault_remove(struct canbus_fault *f)
{
	struct canbus *b = f->bus;

	if (!b)
		return;
	for (struct canbus_fault **at = &b->faults; *at; at = &(*at)->next) {
		if (*at == f) {
			*at = f->next;
			break;
		}
	}
	f->bus = NULL;
	if (f->holds)
		bus_send_late(b, f->held_from, &f->held, clock_now_ns());
	f->holds = false;
}

struct canbus_fault *fault_of(struct canbus *b, const struct canfd_frame *frame)
{
	for (struct canbus_fault *f = b->faults; f; f = f->next) {
		if ((frame->can_id ^ f->id) & f->mask)
			continue;
		f->seen++;
		/* The frame that lets a held one go is not one of chance. */
		if (!f->holds && f->chance != UINT32_MAX && draw(f) >= f->chance)
			continue;
		f->hit++;
		return f;
	}
	return NULL;
}

void fault_forget_port(struct canbus *b, const struct canbus_port *p)
{
	for (struct canbus_fault *f = b->faults; f; f = f->next) {
		if (f->held_from == p)
			f->held_from = NULL;
	}
}

/* ---- error counters ---- */

bool errors_sent_badly(struct canbus_port *p)
{
	p->tx_errors += TX_STEP;
	return p->tx_errors > BUSOFF_LIMIT;
}

void errors_unacknowledged(struct canbus_port *p)
{
	/* A controller that is alone becomes passive and stays that. */
	if (p->tx_errors <= PASSIVE_LIMIT)
		p->tx_errors += TX_STEP;
}

void errors_sent(struct canbus_port *p)
{
	if (p->tx_errors > 0)
		p->tx_errors--;
}

void errors_heard_badly(struct canbus_port *p)
{
	if (p->rx_errors <= PASSIVE_LIMIT)
		p->rx_errors++;
}

void errors_heard(struct canbus_port *p)
{
	if (p->rx_errors > PASSIVE_LIMIT)
		p->rx_errors = RX_RECOVERED;
	else if (p->rx_errors > 0)
		p->rx_errors--;
}

struct canbus_errors canbus_port_errors(const struct canbus_port *p)
{
	struct canbus_errors e = { p->tx_errors, p->rx_errors, CANBUS_ERROR_ACTIVE };

	if (p->busoff)
		e.state = CANBUS_BUS_OFF;
	else if (p->tx_errors > PASSIVE_LIMIT || p->rx_errors > PASSIVE_LIMIT)
		e.state = CANBUS_ERROR_PASSIVE;
	return e;
}

const char *canbus_error_state_name(enum canbus_error_state s)
{
	static const char *const names[] = { "error-active", "error-passive", "bus-off" };

	return names[s];
}
