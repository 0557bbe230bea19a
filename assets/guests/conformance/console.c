/* SPDX-License-Identifier: Apache-2.0 */
/* "Console Device", with ports. A port named "echo" must send back what it gets. */
#include <string.h>

#include "suite.h"

#define F_SIZE      VIRTIO_BIT(0)
#define F_MULTIPORT VIRTIO_BIT(1)
#define MAX_PORTS   4

enum {
	DEVICE_READY,
	PORT_ADD,
	PORT_REMOVE,
	PORT_READY,
	CONSOLE_PORT,
	RESIZE,
	PORT_OPEN,
	PORT_NAME
};

struct control {
	uint32_t id;
	uint16_t event, value;
	char name[56];
};

static struct control from_host[16], to_host;
static struct {
	bool added, open;
	char name[32];
} ports[MAX_PORTS];

static void tell(struct virtq *q, uint32_t id, uint16_t event, uint16_t value)
{
	uint32_t len;

	to_host = (struct control){ .id = id, .event = event, .value = value };
	verdict(transact(q, &(struct virtq_buf){ &to_host, 8 }, 1, 0, &len), "console.control",
		"a control message is taken", "event %u", event);
}

static void listen(struct virtq *q, struct control *m)
{
	(void)!virtq_add(q, &(struct virtq_buf){ m, sizeof(*m) }, 0, 1, m);
}

static void take(const struct control *m, uint32_t len, struct virtq *tx)
{
	if (len < 8 || m->id >= MAX_PORTS)
		return;
	switch (m->event) {
	case PORT_ADD:
		ports[m->id].added = true;
		tell(tx, m->id, PORT_READY, 1);
		tell(tx, m->id, PORT_OPEN, 1);
		break;
	case PORT_OPEN:
		ports[m->id].open = m->value != 0;
		break;
	case PORT_NAME:
		if (len - 8 < sizeof(ports[0].name))
			memcpy(ports[m->id].name, m->name, len - 8);
		break;
	default:
		break;
	}
}

static void handshake(struct virtq *rx, struct virtq *tx)
{
	for (size_t i = 0; i < DYNO_COUNT(from_host); i++)
		listen(rx, &from_host[i]);
	virtq_kick_now(rx);
	tell(tx, 0, DEVICE_READY, 1);
	/* Until it is quiet for a while. */
	while (wait_used(rx, 150)) {
		struct control *m;
		uint32_t len;

		while ((m = virtq_pop(rx, &len)) != NULL) {
			take(m, len, tx);
			listen(rx, m);
		}
		virtq_kick_now(rx);
	}
	verdict(ports[0].added, "console.add", "port 0 is added", "no PORT_ADD");
}

static void write_port(struct virtq *tx, unsigned int id)
{
	static char text[] = "conformance: one line over a console port\r\n";
	uint32_t len = 99;

	verdict(transact(tx, (struct virtq_buf[]){ { text, 10 }, { text + 10, sizeof(text) - 11 } },
			2, 0, &len) &&
			len == 0,
		"console.write", "text in two pieces is taken", "port %u, length %u", id, len);
}

static void echo(struct virtq *rx, struct virtq *tx)
{
	static char text[] = "ping\n", back[64];
	uint32_t len = 0, n = 0;

	(void)!virtq_add(rx, &(struct virtq_buf){ back, sizeof(back) }, 0, 1, back);
	virtq_kick_now(rx);
	if (!transact(tx, &(struct virtq_buf){ text, 5 }, 1, 0, &len) || !wait_used(rx, 5000)) {
		verdict(false, "console.echo", "what is sent to \"echo\" comes back",
			"nothing came");
		return;
	}
	virtq_pop(rx, &n);
	verdict(n == 5 && memcmp(back, "ping\n", 5) == 0, "console.echo",
		"what is sent to \"echo\" comes back", "%u bytes", n);
}

static void run(struct virtio_dev *v)
{
	struct virtq rx[MAX_PORTS], tx[MAX_PORTS], crx, ctx;
	const bool multi = (v->features & F_MULTIPORT) != 0;
	uint32_t nports = 1;
	bool echoed = false;

	if (multi)
		virtio_config_read(v, 4, &nports, 4);
	verdict(nports >= 1 && nports <= 511, "console.ports", "max_nr_ports makes sense", "%u",
		nports);
	nports = nports > MAX_PORTS ? MAX_PORTS : nports;
	for (uint16_t i = 0; i < nports; i++) {
		const uint16_t q = i == 0 ? 0 : (uint16_t)(2 + 2 * i);

		if (!verdict(virtq_new(&rx[i], v, q, 16) == 0 &&
				     virtq_new(&tx[i], v, (uint16_t)(q + 1), 16) == 0,
			    "console.queues", "a port has two queues", "port %u", i))
			return;
	}
	if (multi && (virtq_new(&crx, v, 2, 16) != 0 || virtq_new(&ctx, v, 3, 16) != 0)) {
		verdict(false, "console.queues", "control queues", "refused");
		return;
	}
	virtio_driver_ok(v);
	if (multi)
		handshake(&crx, &ctx);
	else
		ports[0].added = true;
	for (unsigned int i = 0; i < nports; i++) {
		if (!ports[i].added)
			continue;
		if (strcmp(ports[i].name, "echo") == 0) {
			echo(&rx[i], &tx[i]);
			echoed = true;
		} else {
			write_port(&tx[i], i);
		}
	}
	if (multi && !echoed)
		verdict_skip("console.echo", "what is sent to \"echo\" comes back",
			"there is no port \"echo\"");
	verdict(virtio_reset(v) == 0, "console.end", "reset", "failed");
	for (unsigned int i = 0; i < nports; i++) {
		virtq_free(&rx[i]);
		virtq_free(&tx[i]);
	}
	if (multi) {
		virtq_free(&crx);
		virtq_free(&ctx);
	}
}

void suite_console(void)
{
	struct virtio_dev v;

	if (virtio_count(VIRTIO_CONSOLE) == 0) {
		verdict_skip("console", "console device", "there is none");
		return;
	}
	if (verdict(raw_open(&v, VIRTIO_CONSOLE, 0, 0) == 0, "console.open",
		    "the driver starts without MULTIPORT", "refused"))
		run(&v);
	memset(ports, 0, sizeof(ports));
	if (raw_open(&v, VIRTIO_CONSOLE, 0, F_MULTIPORT | F_SIZE) == 0 &&
		(v.features & F_MULTIPORT) != 0)
		run(&v);
	else
		verdict_skip("console.multiport", "several ports", "MULTIPORT is not offered");
}
