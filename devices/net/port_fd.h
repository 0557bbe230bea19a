/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ports with a descriptor share: what it is watched for, frames that wait for the guest's
 * buffers or for the other end, and the end. How frames are read and written is the port's matter.
 */
#pragma once

#include "devices/net/link_port.h"

/* First member of such a port's own struct. */
struct fd_port {
	struct link_port p; /* first */
	int fd;
	struct ev_io io;
	struct ev_timer again; /* a frame was kept, and the guest has buffers now */
	struct link_sink sink;
	/*
	 * Gives the frame that was kept, then reads and gives others, until there is none or the
	 * guest has no buffer (`held`). True when the other end is gone.
	 */
	bool (*read)(struct fd_port *f);
	bool gone;
	bool blocked; /* the descriptor takes no frame now */
	bool starved; /* reserve() had no room */
	bool held; /* the guest had no buffer: nothing is read */
};

/* Makes `fd` non-blocking. The fields of `f` are zero. On failure `fd` is closed. 0 or -errno. */
MUST_CHECK int fd_port_init(struct fd_port *f, const struct link_port_ops *ops,
	bool (*read)(struct fd_port *f), int fd_take);
/* `held` or `blocked` changed. */
void fd_port_watch(struct fd_port *f);

/* Members of struct link_port_ops. free() takes the memory of the whole port with it. */
int fd_port_attach(struct link_port *p, struct ev_loop *loop, const struct link_sink *sink);
void fd_port_resume(struct link_port *p);
bool fd_port_alive(const struct link_port *p);
void fd_port_free(struct link_port *p);
