/* SPDX-License-Identifier: Apache-2.0 */
/* An image that an NBD server has, over a socket that is connected already; see fs.h. */
#include <errno.h>

#include "base/fd.h"
#include "base/nbdlib.h"
#include "sim/bootdisk/fs.h"

/* What every server takes in one request. */
#define REQUEST_MAX (1u << 20)

/* Set with the first source. */
static const struct nbdlib *nbd;

static int read_nbd(const struct disk_source *s, uint64_t off, void *dst, size_t len)
{
	uint8_t *to = dst;

	while (len) {
		size_t n = MIN(len, (size_t)REQUEST_MAX);

		if (nbd->pread(s->nbd, to, n, off, 0) < 0)
			return -EIO;
		to += n;
		off += n;
		len -= n;
	}
	return 0;
}

int disk_source_nbd(struct disk_source *s, int fd, const char *export_name, struct err *e)
{
	struct nbd_handle *h;
	int64_t bytes;

	nbd = nbdlib(e);
	if (!nbd)
		return -ENOENT;
	h = nbd->create();
	if (!h)
		return err_set(e, -ENOMEM, "out of memory");
	if (nbd->set_export_name(h, export_name) < 0 || nbd->connect_socket(h, fd) < 0 ||
		(bytes = nbd->get_size(h)) < 0) {
		(void)err_set(e, -EIO, "its NBD server: %s", nbd->get_error());
		nbd->close(h);
		return -EIO;
	}
	*s = (struct disk_source){ .read = read_nbd, .bytes = (uint64_t)bytes, .nbd = h };
	return 0;
}

void disk_source_fini(struct disk_source *s)
{
	if (s->read == read_nbd)
		nbd->close(s->nbd);
	s->read = NULL;
}
