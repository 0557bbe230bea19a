/* SPDX-License-Identifier: Apache-2.0 */
/* State of the mock driver, shared by its files. */
#pragma once

#include "tests/support/mock_driver.h"

#define MOCK_MAX_IOV 64

/* A piece of guest memory that a request holds. */
struct mock_block {
	gpa addr;
	uint32_t bytes; /* as asked for */
};

/* A request in flight, by its number. */
struct mock_req {
	bool used;
	uint16_t entries; /* ring entries it takes */
	uint16_t n_blocks; /* data, and the indirect table */
	uint16_t n_in;
	uint32_t in_len;
	struct mock_block block[MOCK_MAX_IOV + 1];
	struct mock_block in[MOCK_MAX_IOV];
};

/* What the device returned and the test did not poll yet. */
struct mock_done {
	int id;
	uint32_t len;
};

struct mock_queue {
	struct mock_ring ring;
	unsigned int irqs;
	bool irqs_wanted;
	unsigned int in_flight; /* requests */
	unsigned int free_entries;
	/* split: indices; packed: positions with wrap counters */
	uint16_t avail, used;
	bool avail_wrap, used_wrap;
	uint16_t kicked; /* split: avail at the last question whether to kick; packed: entries since
			  */
	uint16_t free_head; /* split: list of free descriptors through next[] */
	uint16_t *next;
	struct mock_req *req; /* [ring.size] */
	struct mock_done *done; /* [ring.size], taken by mock_send while it waited for another */
	unsigned int n_done;
};

struct mock {
	unsigned int flags;
	struct gmem mem;
	uint8_t *host;
	int memfd;
	uint64_t brk; /* offset of untouched guest memory */
	struct ev_loop *loop;
	const struct mock_regs *regs;
	void *regs_ctx;
	struct vt *vt;
	bool by_loop; /* kicks and interrupts arrive by the loop: let them */
	uint16_t queue_size;
	uint64_t features;
	unsigned int config_irqs;
	unsigned int n_queues;
	struct mock_queue q[VDEV_MAX_QUEUES];
	/* Free guest memory by power of two; a chain of offsets kept on the host. */
	struct mock_bin {
		uint64_t *off;
		size_t n, cap;
	} bin[32];
	uint8_t *joined; /* what the last mock_used.in points to */
};

/* Says what is wrong with the test and aborts. */
_Noreturn void mock_die(const char *fmt, ...) PRINTF_LIKE(1, 2);

gpa mock_block_alloc(struct mock *m, uint32_t bytes);
void mock_block_free(struct mock *m, struct mock_block b);

/* Transport features that mock_negotiate accepts. */
uint64_t mock_ring_features(const struct mock *m);
/* The queue; dies when there is none. */
struct mock_queue *mock_q(struct mock *m, unsigned int q);
/* Makes rings for queue q (fresh, zeroed) and forgets requests. */
void mock_ring_make(struct mock *m, unsigned int q, uint16_t size);
void mock_ring_drop(struct mock *m, unsigned int q);
/* Takes one used entry. False: none. */
bool mock_ring_take(struct mock *m, struct mock_queue *q, struct mock_done *d);
