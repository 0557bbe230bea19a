/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of the networks; see nets.h. */
#include "sim/bench/nets.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/ev.h"
#include "base/fd.h"
#include "base/ipc.h"
#include "base/log.h"
#include "base/loop_thread.h"
#include "sim/netswitch/fabric.h"

#define SOCKET_BYTES (1024 * 1024)

struct nets {
	const struct scenario *s;
	struct loop_thread thread;
	struct netfabric *fabric[SCENARIO_MAX_NETWORKS]; /* NULL: a tap */
};

static int make_fabric(struct nets *n, uint32_t i, const char *out_dir, struct err *e)
{
	const struct scenario_network *sn = &n->s->networks[i];
	struct usernet_config user = {
		.mtu = (uint16_t)sn->mtu, .restricted = sn->restricted, .n_forwards = sn->n_forwards
	};
	struct netfabric_config cfg = { .seed = n->s->seed + i };
	char path[4096];
	int rc;

	static_assert(SCENARIO_MAX_FORWARDS <= USERNET_MAX_FORWARDS, "forwards");
	if (sn->type == SCENARIO_NETWORK_TAP)
		return 0;
	snprintf(path, sizeof(path), "%s/%s.pcapng", out_dir, sn->name);
	if (sn->capture)
		cfg.capture = path;
	for (uint32_t f = 0; f < sn->n_forwards; f++)
		user.forward[f] = (struct usernet_forward){ .udp = sn->forwards[f].udp,
			.host_port = (uint16_t)sn->forwards[f].host_port,
			.guest_port = (uint16_t)sn->forwards[f].guest_port };
	if (sn->type == SCENARIO_NETWORK_USER)
		cfg.user = &user;
	rc = netfabric_new(&n->fabric[i], n->thread.loop, &cfg, e);
	if (rc)
		err_prefix(e, "network %s", sn->name);
	return rc;
}

int nets_new(struct nets **out, const struct scenario *s, const char *out_dir, struct err *e)
{
	struct nets *n = calloc(1, sizeof(*n));
	int rc;

	if (!n)
		return err_set(e, -ENOMEM, "out of memory");
	n->s = s;
	rc = loop_thread_init(&n->thread, "networks");
	if (rc)
		(void)err_errno(e, -rc, "cannot make the loop of the networks");
	for (uint32_t i = 0; !rc && i < s->n_networks; i++)
		rc = make_fabric(n, i, out_dir, e);
	if (!rc && s->n_networks)
		rc = loop_thread_start(&n->thread, e);
	if (rc) {
		nets_free(n);
		return rc;
	}
	*out = n;
	return 0;
}

void nets_free(struct nets *n)
{
	if (!n)
		return;
	loop_thread_stop(&n->thread);
	for (uint32_t i = 0; i < SCENARIO_MAX_NETWORKS; i++) {
		int rc = netfabric_free(n->fabric[i]);

		if (rc)
			log_error("the capture of network %s is incomplete: %s",
				n->s->networks[i].name, strerror(-rc));
	}
	loop_thread_fini(&n->thread);
	free(n);
}

static int open_tap(const char *name, int *fd, struct err *e)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int rc;

	*fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (*fd < 0)
		return err_errno(e, errno, "cannot open /dev/net/tun");
	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	rc = ioctl(*fd, TUNSETIFF, &r);
	if (rc < 0 && errno == EINVAL) {
		/* One that was made for several queues is opened as such only. */
		r.ifr_flags |= IFF_MULTI_QUEUE;
		rc = ioctl(*fd, TUNSETIFF, &r);
	}
	if (rc < 0) {
		rc = err_errno(e, errno, "cannot open the tap interface %s", name);

		fd_close(fd);
		return rc;
	}
	return 0;
}

struct plug_call {
	struct netfabric *f;
	const char *name;
	struct netfabric_line line;
	int fd, rc;
};

static void plug_there(void *arg)
{
	struct plug_call *c = arg;

	c->rc = netfabric_plug(c->f, c->name, &c->line, fd_take(&c->fd));
}

int nets_plug(struct nets *n, uint32_t guest, uint32_t index, int *fd, struct err *e)
{
	const struct scenario_net *c = &n->s->guests[guest].nets[index];
	const struct scenario_network *sn = &n->s->networks[c->network];
	char name[SCENARIO_NAME_MAX + 16];
	struct plug_call call = { .f = n->fabric[c->network],
		.name = name,
		.line = { .vlan = (uint16_t)c->vlan,
			.trunk = c->trunk,
			.bandwidth_bps = c->bandwidth_bps,
			.delay_ns = c->delay_ns,
			.loss_ppm = (uint32_t)(c->loss * 1e6) } };
	int pair[2], rc;

	if (sn->type == SCENARIO_NETWORK_TAP)
		return open_tap(sn->tap, fd, e);
	rc = ipc_pair(pair, SOCKET_BYTES);
	if (rc)
		return err_errno(e, -rc, "cannot make a port of network %s", sn->name);
	snprintf(name, sizeof(name), "%s.%u", n->s->guests[guest].name, index);
	call.fd = pair[0];
	rc = ev_call(n->thread.loop, plug_there, &call);
	if (!rc)
		rc = call.rc;
	fd_close(&call.fd);
	if (rc) {
		fd_close(&pair[1]);
		return err_errno(e, -rc, "cannot plug %s into network %s", name, sn->name);
	}
	*fd = pair[1];
	return 0;
}

static void port_metrics(void *ctx, const struct netfabric_port_stats *s)
{
	json_object_set_new(ctx, s->name,
		json_pack("{s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "plugged", s->plugged,
			"in_frames", (json_int_t)s->line.in_frames, "in_bytes",
			(json_int_t)s->line.in_bytes, "out_frames", (json_int_t)s->line.out_frames,
			"out_bytes", (json_int_t)s->line.out_bytes, "refused",
			(json_int_t)s->line.refused, "lost", (json_int_t)s->line.lost, "overrun",
			(json_int_t)s->line.overrun, "dropped", (json_int_t)s->dropped));
}

struct metrics_call {
	struct nets *n;
	json_t *out;
};

static void metrics_there(void *arg)
{
	struct metrics_call *c = arg;

	for (uint32_t i = 0; i < c->n->s->n_networks; i++) {
		json_t *ports = json_object();

		if (c->n->fabric[i])
			netfabric_stats(c->n->fabric[i], port_metrics, ports);
		json_object_set_new(c->out, c->n->s->networks[i].name, ports);
	}
}

json_t *nets_metrics(struct nets *n)
{
	struct metrics_call c = { n, json_object() };

	if (n && ev_call(n->thread.loop, metrics_there, &c) < 0)
		log_debug("the thread of the networks has ended");
	return c.out;
}
