/* SPDX-License-Identifier: Apache-2.0 */
/* pcapng ("PCAP Next Generation Capture File Format"): section, interfaces, packets. */
#include "sim/netswitch/pcapng.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define BYTE_ORDER_MARK 0x1a2b3c4du
#define LINK_ETHERNET   1u
#define OPT_END         0u
#define OPT_IF_NAME     2u
#define OPT_IF_TSRESOL  9u
#define OPT_EPB_FLAGS   2u

#define DEFAULT_MAX (UINT64_C(1) << 30)

struct pcapng {
	FILE *f;
	char name[64]; /* for messages: the end of its path */
	uint64_t bytes, max, lost;
	uint32_t n_interfaces;
	int error; /* -errno of the first failed write */
};

static void put(struct pcapng *p, const void *data, size_t len)
{
	if (!p->error && fwrite(data, 1, len, p->f) != len)
		p->error = errno ? -errno : -EIO;
	p->bytes += len;
}

static void put32(struct pcapng *p, uint32_t v)
{
	put(p, &v, sizeof(v));
}

static void put_padded(struct pcapng *p, const void *data, uint32_t len)
{
	static const uint8_t zero[4];

	put(p, data, len);
	put(p, zero, -len & 3u);
}

static void put_option(struct pcapng *p, uint32_t code, const void *data, uint32_t len)
{
	put32(p, code | len << 16);
	put_padded(p, data, len);
}

static uint32_t padded(uint32_t len)
{
	return (len + 3) & ~3u;
}

int pcapng_new(struct pcapng **out, const char *path, uint64_t max_bytes, struct err *e)
{
	struct pcapng *p = calloc(1, sizeof(*p));

	if (!p)
		return err_set(e, -ENOMEM, "out of memory");
	p->f = fopen(path, "wbe");
	if (!p->f) {
		int rc = err_errno(e, errno, "cannot write %s", path);

		free(p);
		return rc;
	}
	snprintf(p->name, sizeof(p->name), "%s",
		path + (strlen(path) < sizeof(p->name) ? 0 : strlen(path) - sizeof(p->name) + 1));
	p->max = max_bytes ? max_bytes : DEFAULT_MAX;
	put32(p, BLOCK_SECTION);
	put32(p, 28);
	put32(p, BYTE_ORDER_MARK);
	put32(p, 1); /* version 1.0 */
	put32(p, UINT32_MAX); /* length of the section: not known */
	put32(p, UINT32_MAX);
	put32(p, 28);
	*out = p;
	return 0;
}

int pcapng_add_interface(struct pcapng *p, const char *name, uint32_t snap_bytes)
{
	static const uint8_t nanoseconds = 9;
	uint32_t name_len = (uint32_t)strnlen(name, 255);
	uint32_t total = 20 + 4 + padded(name_len) + 8 + 4;

	put32(p, BLOCK_INTERFACE);
	put32(p, total);
	put32(p, LINK_ETHERNET);
	put32(p, snap_bytes);
	put_option(p, OPT_IF_NAME, name, name_len);
	put_option(p, OPT_IF_TSRESOL, &nanoseconds, 1);
	put32(p, OPT_END);
	put32(p, total);
	return p->error ? p->error : (int)p->n_interfaces++;
}

void pcapng_frame(
	struct pcapng *p, uint32_t interface, uint64_t t_ns, const uint8_t *frame, uint32_t len)
{
	static const uint32_t inbound = 1;
	uint32_t total = 32 + padded(len) + 8 + 4;

	if (p->error || p->bytes + total > p->max) {
		if (!p->error && !p->lost)
			log_warn("capture %s: its file is as large as it may become (%llu bytes): "
				 "later frames are not in it",
				p->name, (unsigned long long)p->max);
		p->lost++;
		return;
	}
	put32(p, BLOCK_PACKET);
	put32(p, total);
	put32(p, interface);
	put32(p, (uint32_t)(t_ns >> 32));
	put32(p, (uint32_t)t_ns);
	put32(p, len);
	put32(p, len);
	put_padded(p, frame, len);
	put_option(p, OPT_EPB_FLAGS, &inbound, sizeof(inbound));
	put32(p, OPT_END);
	put32(p, total);
}

uint64_t pcapng_lost(const struct pcapng *p)
{
	return p->lost;
}

int pcapng_free(struct pcapng *p)
{
	int rc;

	if (!p)
		return 0;
	rc = p->error;
	if (fclose(p->f) && !rc)
		rc = -errno;
	free(p);
	return rc;
}
