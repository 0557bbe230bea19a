/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libnbd, loaded when the first disk needs it: it brings sixteen libraries (TLS, XML, ICU), which
 * would be half of the memory of a machine that has no such disk, and most of its time to start.
 */
#pragma once

#include <libnbd.h>

#include "base/err.h"

/* Functions of libnbd, each by its name without "nbd_". */
#define NBDLIB_FUNCTIONS(F)   \
	F(aio_connect_socket) \
	F(aio_disconnect)     \
	F(aio_flush)          \
	F(aio_get_direction)  \
	F(aio_get_fd)         \
	F(aio_is_closed)      \
	F(aio_is_connecting)  \
	F(aio_is_dead)        \
	F(aio_is_ready)       \
	F(aio_notify_read)    \
	F(aio_notify_write)   \
	F(aio_pread)          \
	F(aio_pwrite)         \
	F(aio_trim)           \
	F(aio_zero)           \
	F(can_flush)          \
	F(can_fua)            \
	F(can_multi_conn)     \
	F(can_trim)           \
	F(can_zero)           \
	F(close)              \
	F(connect_socket)     \
	F(create)             \
	F(get_block_size)     \
	F(get_error)          \
	F(get_size)           \
	F(is_read_only)       \
	F(pread)              \
	F(set_debug)          \
	F(set_export_name)    \
	F(set_pread_initialize)

struct nbdlib {
#define NBDLIB_FIELD(name) __typeof__(nbd_##name) *(name);
	NBDLIB_FUNCTIONS(NBDLIB_FIELD)
#undef NBDLIB_FIELD
};

/*
 * The library; it stays loaded. NULL with a message where it is not installed. Opens files: call it
 * before a sandbox is entered. Any thread.
 */
const struct nbdlib *nbdlib(struct err *e);
