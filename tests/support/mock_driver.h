/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio driver for tests: it owns a small guest memory and an event loop, negotiates with a
 * device, builds split or packed rings, posts requests, kicks, collects what comes back and counts
 * interrupts. It reaches the device through a table of registers, so that the same test runs over
 * the transport core directly and over a real register transport.
 *
 * It is not a model driver: it trusts nothing it cannot check and aborts the process with a message
 * when the test itself is wrong (no memory, an unknown queue), because then no result means
 * anything. What the device does wrong is returned.
 *
 * A test over all kinds of ring:
 *
 *	for (unsigned int f = 0; f < MOCK_KINDS; f++) {
 *		struct mock *m = mock_new(f);
 *		mock_attach(m, my_device(mock_loop(m)));
 *		mock_start(m, MOCK_ALL_FEATURES);
 *		used = mock_send(m, 0, &req, sizeof(req), &resp, sizeof(resp));
 *		...
 *		mock_free(m);
 *	}
 *
 * One thread runs a mock and its loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ev.h"
#include "base/gmem.h"
#include "devices/virtio/vdev.h"

struct mock;
struct vt;

/* Kinds of ring, to be or-ed; every value below MOCK_KINDS is one combination. */
#define MOCK_PACKED    0x1u /* packed instead of split */
#define MOCK_INDIRECT  0x2u /* requests of two or more segments go through an indirect table */
#define MOCK_EVENT_IDX 0x4u
#define MOCK_KINDS     0x8u
/* "packed+indirect": for messages. A static string. */
const char *mock_kind_name(unsigned int flags);

#define MOCK_ALL_FEATURES (~UINT64_C(0))
#define MOCK_MEM_BYTES    (UINT64_C(64) << 20)
#define MOCK_MEM_BASE     UINT64_C(0x100000)
/* Waits in here give up after this long, on a machine however slow. */
#define MOCK_PATIENCE_MS 20000

/*
 * How the driver reaches a device's registers. `ctx` is the transport's. The transport reports
 * interrupts with mock_irq() and mock_config_irq().
 */
struct mock_regs {
	uint32_t (*device_features)(void *ctx, uint32_t select);
	void (*set_driver_features)(void *ctx, uint32_t select, uint32_t value);
	uint8_t (*status)(void *ctx);
	void (*set_status)(void *ctx, uint8_t status);
	uint16_t (*num_queues)(void *ctx);
	uint16_t (*queue_max)(void *ctx, unsigned int q);
	/* Writes size and addresses and enables the queue. */
	void (*queue_enable)(
		void *ctx, unsigned int q, uint16_t size, gpa desc, gpa driver, gpa device);
	/* Resets the queue and waits until it was. */
	void (*queue_reset)(void *ctx, unsigned int q);
	void (*kick)(void *ctx, unsigned int q);
	void (*config_read)(void *ctx, uint32_t off, void *dst, uint32_t len);
	void (*config_write)(void *ctx, uint32_t off, const void *src, uint32_t len);
	uint8_t (*config_generation)(void *ctx);
	void (*free)(void *ctx); /* frees the transport and its device; NULL: nothing to do */
};

/* ---- life ---- */

/* Makes memory and loop. Never NULL. `flags`: MOCK_*. */
struct mock *mock_new(unsigned int flags);
/* Puts a device behind the transport core and takes it over (freed by mock_free). In a test that
 * runs over registers (dyno_test_over_pci) it goes behind virtio-pci or virtio-mmio; mock_vt()
 * is NULL then. */
void mock_attach(struct mock *m, struct vdev *dev_take);
/* Uses another transport instead, which was built over mock_mem() and mock_loop(). */
void mock_attach_regs(struct mock *m, const struct mock_regs *regs, void *ctx);
/* NULL is legal. Resets the device first. */
void mock_free(struct mock *m);

unsigned int mock_flags(const struct mock *m);
struct ev_loop *mock_loop(struct mock *m);
const struct gmem *mock_mem(struct mock *m);
/* The transport core behind mock_attach(); NULL behind mock_attach_regs(). */
struct vt *mock_vt(struct mock *m);

/* Size of the queues that mock_start sets up: at most this and the device's maximum. Default 64. */
void mock_set_queue_size(struct mock *m, uint16_t size);

/*
 * Resets, negotiates (VERSION_1, the ring features of `flags`, RING_RESET, and those of `wanted`
 * that the device type offers), sets up every queue, sets DRIVER_OK. Returns what was accepted;
 * aborts when the device refuses. Features of the transport are not looked at in `wanted`.
 */
uint64_t mock_start(struct mock *m, uint64_t wanted);
/* The first half alone: up to FEATURES_OK. True when the device left it set. */
bool mock_negotiate(struct mock *m, uint64_t wanted);
/* The second half alone: queues and DRIVER_OK. */
void mock_go(struct mock *m);
/* Writes status 0 and forgets everything in flight. */
void mock_reset(struct mock *m);
/* "Virtqueue Reset" of one queue, then set up again. Requests in flight there are forgotten. */
void mock_queue_reset(struct mock *m, unsigned int q);

uint64_t mock_features(const struct mock *m); /* accepted; 0 before negotiation */
uint64_t mock_offered(struct mock *m);
uint8_t mock_status(struct mock *m);
bool mock_needs_reset(struct mock *m);

/* ---- requests ---- */

/* One piece of a request. For a writable piece `data` is NULL or its initial contents. */
struct mock_iov {
	const void *data;
	uint32_t len;
};

/*
 * Posts one request, kicks, waits until it comes back (other requests that come back meanwhile stay
 * for mock_poll), copies min(used length, in_len) answer bytes to `in`. Returns the used length;
 * -ETIMEDOUT when it never came back (kept posted); -EIO when the device asked for a reset; -ENOSPC
 * when the ring is full. `in` is first filled with 0xa5 in guest memory.
 */
MUST_CHECK int mock_send(struct mock *m, unsigned int q, const void *out, uint32_t out_len,
	void *in, uint32_t in_len);

/*
 * Posts one request and kicks; does not wait. Returns its number (>= 0, unique among those of the
 * queue that are in flight) or -ENOSPC. Either length may be 0.
 */
MUST_CHECK int mock_post(
	struct mock *m, unsigned int q, const void *out, uint32_t out_len, uint32_t in_len);
/* Same with the segments chosen by the test: n_out readable, then n_in writable ones. */
MUST_CHECK int mock_postv(struct mock *m, unsigned int q, const struct mock_iov *out, size_t n_out,
	const struct mock_iov *in, size_t n_in);
/* mock_postv without the kick. */
MUST_CHECK int mock_add(struct mock *m, unsigned int q, const struct mock_iov *out, size_t n_out,
	const struct mock_iov *in, size_t n_in);
/* Kicks when the device wants it (suppression honoured). True when it was kicked. */
bool mock_kick(struct mock *m, unsigned int q);
/* Kicks whether it wants it or not. */
void mock_kick_always(struct mock *m, unsigned int q);

/* What came back. `in` lies in guest memory and is valid until the next
 * mock_poll/mock_wait/mock_send on this mock. */
struct mock_used {
	int id; /* as mock_post returned it */
	uint32_t len; /* used length the device reported */
	const uint8_t *in; /* writable part: in_len bytes, segments joined; NULL when it has none */
	uint32_t in_len;
};
/* Takes the next used request when there is one. Runs nothing. */
MUST_CHECK bool mock_poll(struct mock *m, unsigned int q, struct mock_used *out);
/* Same, and turns the loop until there is one, at most MOCK_PATIENCE_MS. */
MUST_CHECK bool mock_wait(struct mock *m, unsigned int q, struct mock_used *out);
/* Requests posted and not yet taken back. */
unsigned int mock_in_flight(const struct mock *m, unsigned int q);

/* ---- loop ---- */

/* One turn of the loop that does not wait. */
void mock_turn(struct mock *m);
/* Turns until cond(arg) holds; false after MOCK_PATIENCE_MS. */
MUST_CHECK bool mock_until(struct mock *m, bool (*cond)(void *arg), void *arg);

/* ---- interrupts ---- */

/* Counted since mock_new. */
unsigned int mock_irqs(struct mock *m, unsigned int q);
unsigned int mock_config_irqs(struct mock *m);
/* Asks the device for interrupts of a queue or for none. Default: wanted. */
void mock_want_irqs(struct mock *m, unsigned int q, bool wanted);
/* Called by transports. */
void mock_irq(struct mock *m, unsigned int q);
void mock_config_irq(struct mock *m);

/* ---- configuration space ---- */

void mock_config_read(struct mock *m, uint32_t off, void *dst, uint32_t len);
void mock_config_write(struct mock *m, uint32_t off, const void *src, uint32_t len);
uint8_t mock_config8(struct mock *m, uint32_t off);
uint16_t mock_config16(struct mock *m, uint32_t off);
uint32_t mock_config32(struct mock *m, uint32_t off);
uint8_t mock_config_generation(struct mock *m);

/* ---- guest memory and raw rings, for hostile guests ---- */

/* Allocates zeroed guest memory until mock_free. Aborts when there is none left. */
gpa mock_alloc(struct mock *m, uint32_t bytes, uint32_t align);
/* Host pointer to guest memory; aborts when it is outside. */
void *mock_ptr(struct mock *m, gpa a, uint64_t len);

/* Where the rings of a queue lie. */
struct mock_ring {
	uint16_t size;
	gpa desc, driver, device;
};
struct mock_ring mock_ring(struct mock *m, unsigned int q);

/* Split ring: writes descriptor `i` as it stands; makes `head` available without any check. */
void mock_raw_desc(struct mock *m, unsigned int q, uint16_t i, uint64_t addr, uint32_t len,
	uint16_t flags, uint16_t next);
void mock_raw_avail(struct mock *m, unsigned int q, uint16_t head);
/* Split ring: sets the available index alone. */
void mock_raw_avail_idx(struct mock *m, unsigned int q, uint16_t idx);
uint16_t mock_raw_next_avail(struct mock *m, unsigned int q); /* the index the driver stands at */
/* Packed ring: writes slot `i` as it stands (flags last, released). */
void mock_raw_packed(struct mock *m, unsigned int q, uint16_t i, uint64_t addr, uint32_t len,
	uint16_t id, uint16_t flags);
/* Packed ring: position and the AVAIL/USED flag bits that make a slot available there. */
uint16_t mock_raw_packed_pos(struct mock *m, unsigned int q, uint16_t *avail_flags);

/* Descriptor flags, both kinds of ring. */
#define MOCK_DESC_NEXT     0x1u
#define MOCK_DESC_WRITE    0x2u
#define MOCK_DESC_INDIRECT 0x4u
