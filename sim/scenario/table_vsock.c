/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets between guests and the host: the table of a guest's vsock device. */
#include <string.h>

#include "sim/scenario/load.h"

#define G(field) offsetof(struct scenario_guest, vsock.field)
#define P(field) offsetof(struct scenario_vsock_path, field)

/* The first guest's, where it is not given. */
#define CID_FIRST 3u

static const struct schema_word type_words[] = {
	{ "stream", 0, "bytes" },
	{ "seqpacket", 1, "messages" },
	{ 0 },
};

static const struct schema_key listen_keys[] = {
	{ .key = "port",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.offset = P(port),
		.doc = "the guest's port that it leads to" },
	{ .key = "path",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 90,
		.offset = P(path),
		.doc = "the host's socket, relative to the run's folder" },
	{ .key = "type",
		.type = &type_enum,
		.def = "stream",
		.words = type_words,
		.offset = P(seqpacket),
		.doc = "what it carries" },
};

static const struct schema schema_listen = {
	.size = sizeof(struct scenario_vsock_path),
	.keys = listen_keys,
	.n_keys = ARRAY_SIZE(listen_keys),
	.doc = "A socket of the host that leads to one port of the guest, without a word of greeting.",
};

static const struct schema_key connect_keys[] = {
	{ .key = "port",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.offset = P(port),
		.doc = "the host's port that the guest connects to" },
	{ .key = "path",
		.type = &type_string,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 90,
		.offset = P(path),
		.doc = "the socket that a program of the host listens on, relative to the run's folder" },
};

static const struct schema schema_connect = {
	.size = sizeof(struct scenario_vsock_path),
	.keys = connect_keys,
	.n_keys = ARRAY_SIZE(connect_keys),
	.doc = "Where one of the host's ports is, if not at OUT/GUEST.vsock_PORT.",
};

static const struct schema_key vsock_keys[] = {
	{ .key = "enabled",
		.type = &type_bool,
		.def = "true",
		.offset = G(enabled),
		.doc = "whether there is one" },
	{ .key = "cid",
		.type = &type_u32,
		.min = CID_FIRST,
		.max = 0xfffffffe,
		.offset = G(cid),
		.doc = "its context identifier; without it 3 for the scenario's first guest, 4 for the "
		       "second, and so on" },
	{ .key = "listen",
		.shape = SHAPE_LIST,
		.sub = &schema_listen,
		.max = SCENARIO_MAX_VSOCK,
		.offset = G(listen),
		.count = G(n_listen),
		.doc = "sockets of the host that lead to a port of the guest" },
	{ .key = "connect",
		.shape = SHAPE_LIST,
		.sub = &schema_connect,
		.max = SCENARIO_MAX_VSOCK,
		.offset = G(connect),
		.count = G(n_connect),
		.doc = "sockets of the host that the guest's connections lead to" },
};

const struct schema schema_vsock = {
	.keys = vsock_keys,
	.n_keys = ARRAY_SIZE(vsock_keys),
	.short_key = "enabled",
	.doc = "A socket device (docs/vsock.md): `vsock: true`, or with these keys.",
};

uint32_t scenario_vsock_cid(const struct scenario *s, uint32_t guest)
{
	const struct scenario_vsock *v = &s->guests[guest].vsock;

	if (!v->enabled)
		return 0;
	return v->cid ? v->cid : CID_FIRST + guest;
}

static void check_cid(struct bind *b, const struct node *n, uint32_t guest)
{
	const struct scenario *s = &load_of(b)->s;
	uint32_t cid = scenario_vsock_cid(s, guest);

	for (uint32_t i = 0; i < guest; i++) {
		if (scenario_vsock_cid(s, i) == cid)
			bind_key_error(b, n, "vsock",
				"guest \"%s\" has context %u, as guest \"%s\" has: give one of "
				"them another `cid`",
				s->guests[guest].name, cid, s->guests[i].name);
	}
}

static void check_paths(struct bind *b, const struct node *n, const struct scenario_vsock *v)
{
	for (uint32_t i = 1; i < v->n_listen; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(v->listen[i].path, v->listen[j].path) == 0)
				bind_key_error(b, n, "vsock", "listens twice at \"%s\"",
					v->listen[i].path);
		}
	}
	for (uint32_t i = 1; i < v->n_connect; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (v->connect[i].port == v->connect[j].port)
				bind_key_error(b, n, "vsock", "connects port %u to two sockets",
					v->connect[i].port);
		}
	}
}

void vsock_check(struct bind *b, const struct node *root)
{
	const struct scenario *s = &load_of(b)->s;
	const struct node *guests = node_get(root, "guests");

	for (uint32_t i = 0; guests && i < s->n_guests; i++) {
		const struct node *n = guests->items[2 * i + 1];

		if (!s->guests[i].vsock.enabled)
			continue;
		check_cid(b, n, i);
		check_paths(b, n, &s->guests[i].vsock);
	}
}
