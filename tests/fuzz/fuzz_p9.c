/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 9P messages: a request of a guest with all that is done to it, and the stream of a server, cut
 * wherever the input says, through the port that makes messages of it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devices/p9/p9_port.h"
#include "devices/p9/proto.h"

#define INPUT_MAX 32768

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void request(const uint8_t *data, size_t size)
{
	struct p9_header raw;
	struct p9_head h;
	uint8_t *msg;
	uint16_t tag;
	uint32_t len;

	if (size < sizeof(raw))
		return;
	memcpy(&raw, data, sizeof(raw));
	h = p9_head(&raw);
	if (p9_check_request(&h, (uint32_t)size))
		return;
	must(h.size >= sizeof(raw) && h.size <= size);
	/* Exactly the room that there is: one byte past it is seen. */
	msg = malloc(h.size + 4);
	must(msg != NULL);
	memcpy(msg, data, h.size);
	(void)p9_flush_tag(msg, h.size, &tag);
	len = p9_complete_attach(msg, h.size, h.size + 4, "/srv");
	must(len == h.size || len == h.size + 4);
	memcpy(&raw, msg, sizeof(raw));
	must(p9_head(&raw).size == len);
	free(msg);
}

static void on_message(void *ctx, const uint8_t *msg, uint32_t len)
{
	struct p9_header raw;

	(void)ctx;
	must(len >= sizeof(raw) && len <= P9_MAX_MESSAGE);
	memcpy(&raw, msg, sizeof(raw));
	must(p9_head(&raw).size == len);
}

static void on_nothing(void *ctx)
{
	(void)ctx;
}

static void on_gone(void *ctx, const char *why)
{
	must(why && !*(bool *)ctx);
	*(bool *)ctx = true;
}

static void stream(const uint8_t *data, size_t size)
{
	bool gone = false;
	const struct p9_sink sink = { on_message, on_nothing, on_nothing, on_gone, &gone };
	struct p9_port *port;
	struct ev_loop *loop;
	int pair[2];

	must(ev_loop_new(&loop) == 0);
	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	must(p9_port_socket_new(&port, pair[0]) == 0);
	must(port->ops->attach(port, loop, &sink) == 0);
	for (size_t at = 0; at < size && !gone;) {
		size_t n = 1 + data[at] % 64u;

		n = n < size - at ? n : size - at;
		must(send(pair[1], data + at, n, MSG_NOSIGNAL) == (ssize_t)n);
		at += n;
		must(ev_loop_turn(loop, 0) == 0);
	}
	close(pair[1]);
	for (unsigned int i = 0; i < 1000 && !gone; i++)
		must(ev_loop_turn(loop, 0) == 0);
	must(gone && !port->ops->alive(port));
	p9_port_free(port);
	ev_loop_free(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > INPUT_MAX)
		return 0;
	if (data[0] & 1)
		request(data + 1, size - 1);
	else
		stream(data + 1, size - 1);
	return 0;
}
