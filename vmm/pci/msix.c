/* SPDX-License-Identifier: Apache-2.0 */
/* MSI-X vectors; see msix.h. */
#include "vmm/pci/msix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/le.h"
#include "base/log.h"

#define CONTROL_MASK 1u

struct msix_entry {
	le32 addr_lo, addr_hi, data, control;
};
static_assert(sizeof(struct msix_entry) == MSIX_ENTRY_BYTES, "MSI-X table entry");

struct msix_vector {
	struct msix_entry e;
	int eventfd; /* -1 until first raised */
	uint32_t gsi;
	bool routed; /* the platform knows route_* */
	uint64_t route_addr;
	uint32_t route_data;
};

int msix_init(struct msix *m, unsigned int n, const struct pci_platform *platform)
{
	*m = (struct msix){ .platform = platform, .n = n };
	m->vector = calloc(n, sizeof(*m->vector));
	if (!m->vector)
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		m->vector[i].eventfd = -1;
		m->vector[i].e.control = le32_of(CONTROL_MASK);
	}
	pthread_mutex_init(&m->lock, NULL);
	return 0;
}

void msix_fini(struct msix *m)
{
	if (!m->vector)
		return;
	for (unsigned int i = 0; i < m->n; i++) {
		struct msix_vector *v = &m->vector[i];

		if (v->eventfd >= 0)
			m->platform->msi_detach(m->platform->ctx, v->eventfd, v->gsi);
		fd_close(&v->eventfd);
	}
	free(m->vector);
	m->vector = NULL;
	pthread_mutex_destroy(&m->lock);
}

void msix_reset(struct msix *m)
{
	pthread_mutex_lock(&m->lock);
	m->enabled = m->function_mask = false;
	memset(m->pending, 0, sizeof(m->pending));
	for (unsigned int i = 0; i < m->n; i++)
		m->vector[i].e = (struct msix_entry){ .control = le32_of(CONTROL_MASK) };
	pthread_mutex_unlock(&m->lock);
}

/* The vector has its interrupt, and the interrupt its route. */
static int prepare(struct msix *m, struct msix_vector *v)
{
	const struct pci_platform *p = m->platform;
	uint64_t addr = (uint64_t)le32_get(v->e.addr_hi) << 32 | le32_get(v->e.addr_lo);
	uint32_t data = le32_get(v->e.data);
	int rc = 0;

	if (v->eventfd < 0) {
		int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

		if (fd < 0)
			return -errno;
		rc = p->msi_attach(p->ctx, fd, &v->gsi);
		if (rc < 0) {
			close(fd);
			return rc;
		}
		v->eventfd = fd;
	}
	if (!v->routed || v->route_addr != addr || v->route_data != data) {
		rc = p->msi_route(p->ctx, v->gsi, addr, data);
		v->routed = rc == 0;
		v->route_addr = addr;
		v->route_data = data;
	}
	return rc;
}

static void deliver(struct msix *m, unsigned int i)
{
	static const uint64_t one = 1;
	int rc = prepare(m, &m->vector[i]);

	/* A full eventfd is a raised one. */
	if (rc == 0 && write(m->vector[i].eventfd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		rc = -errno;
	if (rc < 0)
		log_guest("interrupt vector %u is lost: %s", i, strerror(-rc));
}

static bool masked(const struct msix *m, unsigned int i)
{
	return m->function_mask || (le32_get(m->vector[i].e.control) & CONTROL_MASK);
}

/* Delivers a vector that waited and waits no more. */
static void settle(struct msix *m, unsigned int i)
{
	uint64_t bit = UINT64_C(1) << (i % 64);

	if (m->enabled && (m->pending[i / 64] & bit) && !masked(m, i)) {
		m->pending[i / 64] &= ~bit;
		deliver(m, i);
	}
}

void msix_control(struct msix *m, bool enabled, bool function_mask)
{
	pthread_mutex_lock(&m->lock);
	m->enabled = enabled;
	m->function_mask = function_mask;
	for (unsigned int i = 0; i < m->n; i++)
		settle(m, i);
	pthread_mutex_unlock(&m->lock);
}

bool msix_enabled(struct msix *m)
{
	bool on;

	pthread_mutex_lock(&m->lock);
	on = m->enabled;
	pthread_mutex_unlock(&m->lock);
	return on;
}

void msix_raise(struct msix *m, unsigned int vector)
{
	if (vector >= m->n)
		return;
	pthread_mutex_lock(&m->lock);
	if (m->enabled && !masked(m, vector))
		deliver(m, vector);
	else if (m->enabled)
		m->pending[vector / 64] |= UINT64_C(1) << (vector % 64);
	pthread_mutex_unlock(&m->lock);
}

static uint8_t read_byte(const struct msix *m, uint64_t off)
{
	uint64_t i = off / MSIX_ENTRY_BYTES;

	if (i < m->n)
		return ((const uint8_t *)&m->vector[i].e)[off % MSIX_ENTRY_BYTES];
	if (off >= MSIX_PBA_OFFSET && off - MSIX_PBA_OFFSET < sizeof(m->pending))
		return ((const uint8_t *)m->pending)[off - MSIX_PBA_OFFSET];
	return 0;
}

void msix_read(struct msix *m, uint64_t off, void *dst, uint32_t len)
{
	uint8_t *to = dst;

	pthread_mutex_lock(&m->lock);
	for (uint32_t k = 0; k < len; k++)
		to[k] = read_byte(m, off + k);
	pthread_mutex_unlock(&m->lock);
}

void msix_write(struct msix *m, uint64_t off, const void *src, uint32_t len)
{
	const uint8_t *from = src;

	if (len == 0)
		return;
	pthread_mutex_lock(&m->lock);
	for (uint32_t k = 0; k < len; k++) {
		uint64_t i = (off + k) / MSIX_ENTRY_BYTES;
		struct msix_entry *e;

		if (i >= m->n)
			break;
		e = &m->vector[i].e;
		((uint8_t *)e)[(off + k) % MSIX_ENTRY_BYTES] = from[k];
		/* Only the mask bit of the control word exists. */
		e->control = le32_of(le32_get(e->control) & CONTROL_MASK);
	}
	/* At most two entries were touched. */
	for (uint64_t i = off / MSIX_ENTRY_BYTES;
		i < m->n && i <= (off + len - 1) / MSIX_ENTRY_BYTES; i++)
		settle(m, (unsigned int)i);
	pthread_mutex_unlock(&m->lock);
}
