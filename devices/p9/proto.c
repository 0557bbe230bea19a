/* SPDX-License-Identifier: Apache-2.0 */
/* 9P messages; see proto.h. */
#include "devices/p9/proto.h"

#include <errno.h>
#include <string.h>

#define HEAD sizeof(struct p9_header)

struct p9_head p9_head(const struct p9_header *h)
{
	return (struct p9_head){ le32_get(h->size), h->type, le16_get(h->tag) };
}

int p9_check_request(const struct p9_head *h, uint32_t bytes)
{
	if (h->size < HEAD || h->type % 2 != 0)
		return EINVAL;
	if (h->size > P9_MAX_MESSAGE)
		return EMSGSIZE;
	return h->size > bytes ? EINVAL : 0;
}

struct p9_rlerror p9_rlerror(uint16_t tag, uint32_t ecode)
{
	return (struct p9_rlerror){ .h = { .size = le32_of(sizeof(struct p9_rlerror)),
					    .type = P9_RLERROR,
					    .tag = le16_of(tag) },
		.ecode = le32_of(ecode) };
}

bool p9_flush_tag(const uint8_t *msg, uint32_t len, uint16_t *old_tag)
{
	le16 tag;

	if (len < HEAD + sizeof(tag))
		return false;
	memcpy(&tag, msg + HEAD, sizeof(tag));
	*old_tag = le16_get(tag);
	return true;
}

static uint32_t get16(const uint8_t *p)
{
	le16 v;

	memcpy(&v, p, sizeof(v));
	return le16_get(v);
}

static void put16(uint8_t *p, uint32_t value)
{
	le16 v = le16_of((uint16_t)value);

	memcpy(p, &v, sizeof(v));
}

static void put32(uint8_t *p, uint32_t value)
{
	le32 v = le32_of(value);

	memcpy(p, &v, sizeof(v));
}

/* n_uname of a Tattach that names its user by a word only. */
#define NO_NUMBER UINT32_MAX

/* The last field, behind `at`, where there is one (9P2000.L has it, plain 9P2000 has not). */
static void number_user(uint8_t *msg, uint32_t len, uint32_t at)
{
	le32 n;

	if (len - at < sizeof(n))
		return;
	memcpy(&n, msg + at, sizeof(n));
	if (le32_get(n) == NO_NUMBER)
		put32(msg + at, 0);
}

uint32_t p9_complete_attach(uint8_t *msg, uint32_t len, uint32_t cap, const char *aname)
{
	/* size[4] Tattach tag[2] fid[4] afid[4] uname[s] aname[s] n_uname[4] */
	const uint32_t uname = HEAD + 4 + 4;
	uint32_t at, n = (uint32_t)strlen(aname);

	if (len < uname + 2 || msg[4] != P9_TATTACH || n > UINT16_MAX || n > cap - len)
		return len;
	if (get16(msg + uname) > len - uname - 2)
		return len;
	at = uname + 2 + get16(msg + uname);
	if (len - at < 2 || get16(msg + at) > len - at - 2)
		return len;
	number_user(msg, len, at + 2 + get16(msg + at));
	if (get16(msg + at) != 0)
		return len;
	memmove(msg + at + 2 + n, msg + at + 2, len - at - 2);
	memcpy(msg + at + 2, aname, n);
	put16(msg + at, n);
	put32(msg, len + n);
	return len + n;
}

void p9_tversion(uint8_t msg[P9_TVERSION_BYTES])
{
	/* A string of the protocol: counted, without an end mark. */
	static const uint8_t version[8] = { '9', 'P', '2', '0', '0', '0', '.', 'L' };

	put32(msg, P9_TVERSION_BYTES);
	msg[4] = P9_TVERSION;
	put16(msg + 5, P9_NOTAG);
	put32(msg + 7, P9_MAX_MESSAGE);
	put16(msg + 11, sizeof(version));
	memcpy(msg + 13, version, sizeof(version));
}
