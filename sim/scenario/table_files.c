/* SPDX-License-Identifier: Apache-2.0 */
/* Folders that guests mount, and devices that other programs serve: the tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "sim/scenario/load.h"

#define S(field) offsetof(struct scenario_share, field)
#define V(field) offsetof(struct scenario_vhost_user, field)

/* --- types ------------------------------------------------------------------------------- */

/* Relative to the scenario file. */
static const char *full_path(struct bind *b, const char *path)
{
	return *path == '/' || strcmp(b->dir, ".") == 0 ? bind_strdup(b, path)
							: bind_printf(b, "%s/%s", b->dir, path);
}

static void parse_folder(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	CLEANUP_FREE char *real = NULL;
	const char *full;
	struct stat st;

	(void)k;
	if (*n->text == '\0') {
		bind_error(b, n, "needs the name of a folder");
		return;
	}
	full = full_path(b, n->text);
	if (!full)
		return;
	if (!b->no_files && stat(full, &st) != 0)
		bind_error(b, n, "names \"%s\": %s", n->text, strerror(errno));
	else if (!b->no_files && !S_ISDIR(st.st_mode))
		bind_error(b, n, "names \"%s\", which is not a folder", n->text);
	else
		real = realpath(full, NULL);
	/* Programs that serve it have a working folder of their own. */
	*(const char **)field = real ? bind_strdup(b, real) : full;
}
static const struct schema_type type_folder = {
	.name = "folder",
	.doc = "A path, relative to the folder of the file that names it. The folder must be there "
	       "when the scenario is read.",
	.parse = parse_folder,
};

static void parse_socket(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)k;
	if (*n->text == '\0')
		bind_error(b, n, "needs the path of a socket");
	else
		*(const char **)field = full_path(b, n->text);
}
static const struct schema_type type_socket = {
	.name = "socket",
	.doc = "The path of a Unix socket, relative to the folder of the file that names it. It must be "
	       "there when the run starts.",
	.parse = parse_socket,
};

static void parse_hex(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	size_t len = strlen(n->text);

	(void)k;
	if (len == 0 || len % 2 || len > 512 || strspn(n->text, "0123456789abcdef") != len)
		bind_error(b, n,
			"is not a list of bytes: write pairs of the digits 0 to 9 and a to f, for up to "
			"256 bytes");
	else
		*(const char **)field = bind_strdup(b, n->text);
}
static const struct schema_type type_hex = {
	.name = "bytes",
	.doc = "Bytes as pairs of hexadecimal digits, quoted: `\"6d65646961\"`.",
	.parse = parse_hex,
};

/* --- shares ------------------------------------------------------------------------------ */

static const struct schema_word share_words[] = {
	{ "virtiofs", SCENARIO_SHARE_VIRTIOFS,
		"the guest mounts it with `-t virtiofs TAG`; served by virtiofsd" },
	{ "9p", SCENARIO_SHARE_9P,
		"the guest mounts it with `-t 9p -o trans=virtio,version=9p2000.L TAG`; served by diod" },
	{ 0 },
};

static const struct schema_word cache_words[] = {
	{ "auto", SCENARIO_CACHE_AUTO, "for a second" },
	{ "always", SCENARIO_CACHE_ALWAYS, "until the guest drops it: nobody else may write" },
	{ "none", SCENARIO_CACHE_NONE, "not at all: the guest cannot map files shared" },
	{ 0 },
};

static const struct schema_word confine_words[] = {
	{ "auto", SCENARIO_CONFINE_AUTO, "`namespace` where the host allows it" },
	{ "namespace", SCENARIO_CONFINE_NAMESPACE, "to a name space with the folder as its root" },
	{ "chroot", SCENARIO_CONFINE_CHROOT, "by chroot; needs root" },
	{ "none", SCENARIO_CONFINE_NONE,
		"not at all: only virtiofsd 1.0 and newer (Debian 13) can be told so" },
	{ 0 },
};

static void share_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario_share *s = obj;

	if (s->type != SCENARIO_SHARE_9P)
		return;
	if (node_get(n, "cache"))
		bind_key_error(b, n, "cache", "needs `type: virtiofs`");
	if (node_get(n, "confine"))
		bind_key_error(b, n, "confine", "needs `type: virtiofs`");
}

static const struct schema_key share_keys[] = {
	{ .key = "tag",
		.type = &type_name,
		.max = 35,
		.flags = KEY_REQUIRED,
		.offset = S(tag),
		.doc = "what the guest mounts it by" },
	{ .key = "path",
		.type = &type_folder,
		.flags = KEY_REQUIRED,
		.offset = S(path),
		.doc = "the host's folder; several guests may have the same" },
	{ .key = "type",
		.type = &type_enum,
		.def = "virtiofs",
		.words = share_words,
		.offset = S(type),
		.doc = "how it reaches the guest" },
	{ .key = "read_only",
		.type = &type_bool,
		.def = "false",
		.offset = S(read_only),
		.doc = "the guest cannot change anything in it" },
	{ .key = "cache",
		.type = &type_enum,
		.def = "auto",
		.words = cache_words,
		.offset = S(cache),
		.doc = "with `type: virtiofs`: how long the guest may trust what it has read" },
	{ .key = "confine",
		.type = &type_enum,
		.def = "auto",
		.words = confine_words,
		.offset = S(confine),
		.doc = "with `type: virtiofs`: how virtiofsd is kept in the folder" },
};

const struct schema schema_share = {
	.size = sizeof(struct scenario_share),
	.keys = share_keys,
	.n_keys = ARRAY_SIZE(share_keys),
	.doc = "One folder of the host that the guest can mount (docs/files.md).",
	.post = share_post,
};

/* --- devices of other programs ----------------------------------------------------------- */

static void vhost_user_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario_vhost_user *v = obj;

	if ((v->queue_size & (v->queue_size - 1)) != 0)
		bind_key_error(b, n, "queue_size", "is not a power of 2");
	if (v->config && v->config_bytes)
		bind_key_error(b, n, "config_bytes",
			"is for back ends that have the bytes: not with "
			"`config`");
}

static const struct schema_key vhost_user_keys[] = {
	{ .key = "id",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 63,
		.offset = V(id),
		.doc = "type of the virtio device as the specification numbers it: 2 is a disk, 26 a file "
		       "system" },
	{ .key = "socket",
		.type = &type_socket,
		.flags = KEY_REQUIRED,
		.offset = V(socket),
		.doc = "where its program listens" },
	{ .key = "name",
		.type = &type_name,
		.max = 35,
		.offset = V(name),
		.doc = "its name in messages" },
	{ .key = "queues",
		.type = &type_u32,
		.def = "1",
		.min = 1,
		.max = 64,
		.unit = "queues",
		.offset = V(queues),
		.doc = "its virtqueues, all kinds together" },
	{ .key = "queue_size",
		.type = &type_u32,
		.def = "256",
		.min = 2,
		.max = 1024,
		.unit = "entries",
		.offset = V(queue_size),
		.doc = "size of each; a power of 2" },
	{ .key = "config",
		.type = &type_hex,
		.offset = V(config),
		.doc = "its configuration space, where the program serves none" },
	{ .key = "config_bytes",
		.type = &type_u32,
		.def = "0",
		.max = 256,
		.unit = "bytes",
		.offset = V(config_bytes),
		.doc = "how much of the program's configuration space the guest sees" },
};

const struct schema schema_vhost_user = {
	.size = sizeof(struct scenario_vhost_user),
	.keys = vhost_user_keys,
	.n_keys = ARRAY_SIZE(vhost_user_keys),
	.doc = "One virtio device that another program serves over vhost-user (docs/files.md).",
	.post = vhost_user_post,
};

/* --- rules of the list ------------------------------------------------------------------- */

void shares_check(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	for (uint32_t i = 0; i < g->n_shares; i++) {
		for (uint32_t j = 0; j < i; j++) {
			if (strcmp(g->shares[i].tag, g->shares[j].tag) == 0)
				bind_key_error(b, n, "shares", "has two with the tag \"%s\"",
					g->shares[i].tag);
		}
	}
}
