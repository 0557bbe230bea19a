/* SPDX-License-Identifier: Apache-2.0 */
/* A host interface's life as seen by a bus; see hostif.h. */
#include "sim/canbus/hostif.h"

#include <errno.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* IFF_ECHO of linux/if.h, which does not go together with net/if.h. */
#define IFF_ECHO_FLAG 0x40000u

struct hostif {
	struct canbus_port *port;
	struct netif *net;
	const struct hostif_kind *kind;
	char name[NETIF_NAME_BYTES];
	bool deaf;
	int index; /* of the interface that the port is plugged into; 0: none */
	int made; /* index of the interface that is removed in the end; 0: none */
};

/* ---- whose an interface is ---- */

bool hostif_alias(pid_t pid, char out[HOSTIF_ALIAS_BYTES])
{
	char path[64], text[1024];
	char *p;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	/* The name in brackets may hold anything; START is field 22, and 20 fields later. */
	p = strrchr(text, ')');
	for (unsigned int i = 0; p && i < 20; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		return false;
	n = strspn(p + 1, "0123456789");
	/* 64 bits have at most 20 digits: both numbers fit. */
	if (!n || n > 20)
		return false;
	snprintf(out, HOSTIF_ALIAS_BYTES, "dyno %d %.*s", (int)pid, (int)n, p + 1);
	return true;
}

pid_t hostif_alias_owner(const char *alias)
{
	static const char digits[] = "0123456789";
	size_t pid, start;

	if (strncmp(alias, "dyno ", 5) != 0)
		return 0;
	alias += 5;
	/* No process number has more than 9 digits. */
	pid = strspn(alias, digits);
	if (!pid || pid > 9 || alias[pid] != ' ')
		return 0;
	start = strspn(alias + pid + 1, digits);
	return start && !alias[pid + 1 + start] ? (pid_t)strtol(alias, NULL, 10) : 0;
}

/* Was it made by a Dyno that does not run any more? */
static bool is_orphan(const struct netif_state *st)
{
	pid_t owner = hostif_alias_owner(st->alias);
	char now[HOSTIF_ALIAS_BYTES];

	return owner && !(hostif_alias(owner, now) && strcmp(now, st->alias) == 0);
}

/* ---- the interface ---- */

static int make(struct hostif *h, uint32_t mtu, struct err *e)
{
	const char *name = h->name;
	char alias[HOSTIF_ALIAS_BYTES];
	int rc;

	if (!hostif_alias(getpid(), alias))
		return err_set(e, -ENOENT, "cannot read /proc/self/stat");
	rc = netif_create(h->net, name, h->kind->name, mtu, alias, &h->made);
	if (rc == -EPERM)
		return err_set(e, rc,
			"making the interface '%s' needs CAP_NET_ADMIN, which this user has not; "
			"make it before, as root: modprobe vcan; ip link add dev %s type vcan; "
			"ip link set %s mtu %u up",
			name, name, name, mtu);
	if (rc == -EOPNOTSUPP)
		return err_set(e, rc,
			"cannot make the interface '%s': this host's kernel has no %s; load it "
			"with: modprobe vcan (Debian's linux-image-amd64 has it, cloud kernels "
			"often have not); or use the built-in bus",
			name, h->kind->name);
	if (rc)
		return err_errno(e, -rc, "cannot make the interface '%s'", name);
	log_info("made the interface %s; it is removed after the run", name);
	return 0;
}

/* A run that was killed left its interface behind: it is ours now, or makes room for ours. */
static int inherit(struct hostif *h, const struct netif_state *st, uint32_t mtu)
{
	char alias[HOSTIF_ALIAS_BYTES];
	int rc;

	if (st->mtu != mtu)
		return netif_delete(h->net, st->index);
	rc = hostif_alias(getpid(), alias) ? netif_set_alias(h->net, st->index, alias) : -ENOENT;
	if (rc)
		return rc;
	h->made = st->index;
	log_warn("the interface %s was left by a dyno that was killed (process %d): it is used, "
		 "and removed after this run",
		h->name, (int)hostif_alias_owner(st->alias));
	return 0;
}

/* Brings the interface into being and up, as far as that was asked for and this user may. */
static int prepare(
	struct hostif *h, const struct canbus_socketcan *cfg, struct netif_state *st, struct err *e)
{
	uint32_t mtu = h->port->bus->cfg.classic_only ? CAN_MTU : CANFD_MTU;
	const char *name = h->name;
	int rc = netif_get(h->net, name, st);

	if (rc == 0 && cfg->create && is_orphan(st)) {
		rc = inherit(h, st, mtu);
		if (rc)
			log_warn("cannot take the interface %s over: %s", name, strerror(-rc));
		rc = netif_get(h->net, name, st);
	}
	if (rc == -ENODEV && cfg->create) {
		rc = make(h, mtu, e);
		if (rc)
			return rc;
		rc = netif_get(h->net, name, st);
	}
	if (rc == -ENODEV)
		return err_set(e, rc,
			"this host has no interface '%s'; `socketcan: {interface: %s, create: "
			"true}` makes one for the run, or create it with: modprobe vcan; "
			"ip link add dev %s type vcan; ip link set %s mtu %u up",
			name, name, name, name, mtu);
	if (rc)
		return err_errno(e, -rc, "cannot look at the interface '%s'", name);
	if (st->arp_type != h->kind->arp_type)
		return err_set(e, -EINVAL, "interface '%s' is not a CAN interface", name);
	if (st->up)
		return 0;
	rc = netif_set_up(h->net, st->index);
	if (rc == -EPERM)
		return err_set(e, -ENETDOWN,
			"interface '%s' is down, and bringing it up needs CAP_NET_ADMIN; "
			"use, as root: ip link set %s up",
			name, name);
	if (rc)
		return err_errno(e, -rc,
			"interface '%s' is down and cannot be brought up (one of hardware may need "
			"a bit rate: ip link set %s type can bitrate 500000)",
			name, name);
	st->up = true;
	return 0;
}

static int plug(struct hostif *h, const struct netif_state *st)
{
	int fd = h->kind->open(st->index, h->deaf), rc;

	if (fd < 0)
		return fd;
	rc = raw_plug(h->port, fd, st->mtu < CANFD_MTU);
	if (rc)
		return rc;
	h->index = st->index;
	if (st->mtu < CANFD_MTU && !h->port->bus->cfg.classic_only)
		log_warn("bus %s: interface %s has an MTU of %u: FD frames do not reach it",
			h->port->bus->name, h->name, st->mtu);
	return 0;
}

static void rest(struct hostif *h, const char *why)
{
	h->index = 0;
	raw_unplug(h->port);
	log_warn("bus %s: interface %s %s: the bus goes on without it until it is back",
		h->port->bus->name, h->name, why);
}

int hostif_index(const struct hostif *h)
{
	return h->index;
}

void hostif_lost(struct hostif *h)
{
	if (h->index)
		rest(h, "is gone");
}

/* Some interface changed. */
static void on_change(void *data)
{
	struct hostif *h = data;
	struct netif_state st;
	int rc = netif_get(h->net, h->name, &st);

	if (rc && rc != -ENODEV)
		return;
	if (h->index && (rc || st.index != h->index))
		rest(h, "is gone");
	else if (h->index && !st.up)
		rest(h, "is down");
	if (rc || h->index || !st.up || st.arp_type != h->kind->arp_type)
		return;
	rc = plug(h, &st);
	if (rc)
		log_error("bus %s: cannot use the interface %s again: %s", h->port->bus->name,
			h->name, strerror(-rc));
	else
		/* Whoever was told that it is gone is told this too. */
		log_warn("bus %s: interface %s is back", h->port->bus->name, h->name);
}

/* ---- life ---- */

void hostif_free(struct hostif *h)
{
	int rc;

	if (!h)
		return;
	rc = h->made ? netif_delete(h->net, h->made) : 0;
	if (rc && rc != -ENODEV)
		log_error("cannot remove the interface %s: %s; use: ip link del %s", h->name,
			strerror(-rc), h->name);
	netif_free(h->net);
	free(h);
}

int hostif_attach(struct canbus *b, const struct canbus_socketcan *cfg,
	const struct hostif_kind *kind, struct err *e)
{
	struct netif_state st = { 0 };
	struct canbus_port *p;
	struct hostif *h;
	int rc;

	if (strlen(cfg->ifname) >= NETIF_NAME_BYTES)
		return err_set(e, -EINVAL, "'%s' is too long for an interface", cfg->ifname);
	rc = raw_port_new(b, cfg->ifname, &p);
	if (rc)
		return err_errno(e, -rc, "cannot make a port for '%s'", cfg->ifname);
	h = calloc(1, sizeof(*h));
	rc = h ? netif_new(&h->net) : -ENOMEM;
	if (rc) {
		free(h);
		canbus_remove_port(p);
		return err_errno(e, -rc, "cannot ask the kernel about '%s'", cfg->ifname);
	}
	/* From here on the port owns it. */
	p->host = h;
	p->raw_direct = cfg->direct;
	h->deaf = cfg->deaf;
	h->port = p;
	h->kind = kind;
	snprintf(h->name, sizeof(h->name), "%s", cfg->ifname);
	rc = prepare(h, cfg, &st, e);
	if (!rc) {
		/* Before it is plugged in: nothing that happens after is missed. */
		rc = netif_watch(h->net, b->loop, on_change, h);
		if (!rc)
			rc = plug(h, &st);
		if (rc)
			(void)err_errno(e, -rc, "cannot bridge '%s'", cfg->ifname);
	}
	if (rc)
		canbus_remove_port(p);
	return rc;
}

/* ---- SocketCAN ---- */

static int bind_can(int sock, int ifindex)
{
	struct sockaddr_can addr = { .can_family = AF_CAN, .can_ifindex = ifindex };

	return bind(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
}

static int open_can(int ifindex, bool deaf)
{
	CLEANUP_FD int sock = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);
	can_err_mask_t errors = deaf ? 0 : CAN_ERR_MASK;
	int one = 1, rc;

	if (sock < 0 || setsockopt(sock, SOL_CAN_RAW, CAN_RAW_FD_FRAMES, &one, sizeof(one)) < 0 ||
		setsockopt(sock, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof(errors)) < 0)
		return -errno;
	/* No filter lets nothing through, so that senders need not hand anything over. */
	if (deaf && setsockopt(sock, SOL_CAN_RAW, CAN_RAW_FILTER, NULL, 0) < 0)
		return -errno;
	rc = bind_can(sock, ifindex);
	return rc < 0 ? rc : fd_take(&sock);
}

static const struct hostif_kind socketcan = {
	.name = "vcan", .arp_type = ARPHRD_CAN, .open = open_can
};

int canbus_open_socket(const char *ifname, struct err *e)
{
	int sock = socket(PF_CAN, SOCK_RAW | SOCK_CLOEXEC, CAN_RAW);

	if (sock < 0)
		return err_errno(e, errno,
			"this host's kernel has no SocketCAN (PF_CAN), so '%s' cannot be used; "
			"load it with: modprobe can-raw; modprobe vcan; "
			"ip link add dev %s type vcan; ip link set %s mtu 72 up; "
			"or use the built-in bus",
			ifname, ifname, ifname);
	fd_receive_room(sock, RAW_RECEIVE_ROOM);
	return sock;
}

bool canbus_interface_echoes(const char *ifname)
{
	char path[64], text[32];
	bool known;
	FILE *f;

	/* SIOCGIFFLAGS has the lower 16 bits only. */
	snprintf(path, sizeof(path), "/sys/class/net/%.15s/flags", ifname);
	f = fopen(path, "re");
	if (!f)
		return false;
	known = fgets(text, sizeof(text), f);
	fclose(f);
	return known && (strtoul(text, NULL, 16) & IFF_ECHO_FLAG);
}

int canbus_bind_direct(struct canbus *b, int sock)
{
	for (uint32_t i = 1; i < b->n_src; i++) {
		if (b->src[i]->host && hostif_index(b->src[i]->host))
			return bind_can(sock, hostif_index(b->src[i]->host));
	}
	return -ENOTCONN;
}

int canbus_attach_socketcan(struct canbus *b, const struct canbus_socketcan *cfg, struct err *e)
{
	/* Whether there is any: what is missing is said best here. */
	int sock = canbus_open_socket(cfg->ifname, e), rc;

	rc = MIN(sock, 0);
	fd_close(&sock);
	if (!rc)
		rc = hostif_attach(b, cfg, &socketcan, e);
	if (rc)
		err_prefix(e, "bus '%s'", b->name);
	return rc;
}
