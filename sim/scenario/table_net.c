/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet: the tables of networks and of guests' network cards, and the action on a cable. */
#include <string.h>

#include "base/proto/net_port.h"
#include "sim/scenario/load.h"

#define N(field) offsetof(struct scenario_network, field)
#define C(field) offsetof(struct scenario_net, field)
#define A(field) offsetof(struct scenario_action, field)

/* --- types ------------------------------------------------------------------------------- */

static const char *name_of_network(const struct scenario *s, uint32_t i)
{
	return s->networks[i].name;
}

static void parse_network(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	(void)k;
	refs_named(b, n, "network", load_of(b)->s.n_networks, name_of_network, field);
}

static bool fill_network(struct bind *b, void *field)
{
	*(uint32_t *)field = 0;
	return load_of(b)->s.n_networks == 1;
}
static const struct schema_type type_network = {
	.name = "network",
	.doc = "The name of a network. May be left out where the scenario has only one.",
	.parse = parse_network,
	.fill = fill_network,
};

static void parse_mac(struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_mac *m = field;

	(void)k;
	if (!net_mac_parse(n->text, m->b)) {
		bind_error(b, n, "\"%.60s\" is not an address: write 02:00:00:00:00:01", n->text);
		return;
	}
	if (net_mac_is_group(m->b)) {
		bind_error(b, n, "is the address of a group: the first byte must be even");
		return;
	}
	m->given = true;
}
static const struct schema_type type_mac = {
	.name = "MAC address",
	.doc = "Six bytes in hex with colons, of one station: `02:00:00:00:00:01`.",
	.parse = parse_mac,
};

/* --- networks ---------------------------------------------------------------------------- */

static const struct schema_word network_words[] = {
	{ "switch", SCENARIO_NETWORK_SWITCH, "a switch between guests" },
	{ "user", SCENARIO_NETWORK_USER,
		"the same with a gateway to the host's network: DHCP (from 10.0.2.15), DNS, IPv6" },
	{ "tap", SCENARIO_NETWORK_TAP, "a tap interface of the host, for one guest" },
	{ 0 },
};

static const struct schema_word protocol_words[] = {
	{ "tcp", 0, "connections" },
	{ "udp", 1, "datagrams" },
	{ 0 },
};

static const struct schema_key forward_keys[] = {
	{ .key = "protocol",
		.type = &type_enum,
		.def = "tcp",
		.words = protocol_words,
		.offset = offsetof(struct scenario_forward, udp),
		.doc = "what is forwarded" },
	{ .key = "host",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 65535,
		.offset = offsetof(struct scenario_forward, host_port),
		.doc = "port on the host's 127.0.0.1" },
	{ .key = "guest",
		.type = &type_u32,
		.flags = KEY_REQUIRED,
		.min = 1,
		.max = 65535,
		.offset = offsetof(struct scenario_forward, guest_port),
		.doc = "port of the guest with the first lease, 10.0.2.15" },
};

static const struct schema schema_forward = {
	.size = sizeof(struct scenario_forward),
	.keys = forward_keys,
	.n_keys = ARRAY_SIZE(forward_keys),
	.doc = "One port of the host that leads to a guest.",
};

static void network_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario_network *net = obj;

	if ((net->type == SCENARIO_NETWORK_TAP) != (net->tap != NULL))
		bind_key_error(b, n, "tap", "belongs to `type: tap`, which needs it");
	if (net->type != SCENARIO_NETWORK_USER && net->n_forwards)
		bind_key_error(b, n, "forwards", "needs `type: user`");
	if (net->type != SCENARIO_NETWORK_USER && net->restricted)
		bind_key_error(b, n, "restricted", "needs `type: user`");
	if (net->type == SCENARIO_NETWORK_TAP && net->capture)
		bind_key_error(b, n, "capture", "of a tap is the host's: use its tcpdump");
}

static const struct schema_key network_name = {
	.key = "name", .type = &type_name, .offset = N(name)
};

static const struct schema_key network_keys[] = {
	{ .key = "type",
		.type = &type_enum,
		.def = "switch",
		.words = network_words,
		.offset = N(type),
		.doc = "what it is" },
	{ .key = "tap",
		.type = &type_name,
		.max = 15,
		.offset = N(tap),
		.doc = "with `type: tap`: the host's interface; it is made where the user may" },
	{ .key = "mtu",
		.type = &type_u32,
		.min = 68,
		.max = 9000,
		.def = "1500",
		.unit = "bytes",
		.offset = N(mtu),
		.doc = "largest packet, which the guests' drivers are told" },
	{ .key = "capture",
		.type = &type_bool,
		.def = "false",
		.offset = N(capture),
		.doc = "write every frame, as it came in, to OUT/NAME.pcapng" },
	{ .key = "restricted",
		.type = &type_bool,
		.def = "false",
		.offset = N(restricted),
		.doc = "with `type: user`: guests reach neither the host nor beyond" },
	{ .key = "forwards",
		.shape = SHAPE_LIST,
		.sub = &schema_forward,
		.max = SCENARIO_MAX_FORWARDS,
		.offset = N(forwards),
		.count = N(n_forwards),
		.doc = "with `type: user`: ports of the host that lead to a guest" },
};

const struct schema schema_network = {
	.item = "network",
	.size = sizeof(struct scenario_network),
	.keys = network_keys,
	.n_keys = ARRAY_SIZE(network_keys),
	.map_key = &network_name,
	.doc = "Ethernet networks, by name. A network without keys (`lan:`) is a switch.",
	.post = network_post,
};

/* --- cards ------------------------------------------------------------------------------- */

static void net_post(struct bind *b, const struct node *n, void *obj)
{
	const struct scenario_net *c = obj;
	const struct scenario_network *net = &load_of(b)->s.networks[c->network];

	if (net->type == SCENARIO_NETWORK_TAP &&
		(node_get(n, "vlan") || c->trunk || c->bandwidth_bps || c->delay_ns || c->loss > 0))
		bind_error(b, n, "has settings of a switch's port, but network \"%s\" is a tap",
			net->name);
}

static const struct schema_key net_keys[] = {
	{ .key = "network",
		.type = &type_network,
		.flags = KEY_ONLY,
		.offset = C(network),
		.doc = "where it is plugged in" },
	{ .key = "mac",
		.type = &type_mac,
		.offset = C(mac),
		.doc = "its address; without it one that is made from the guest's and the card's number" },
	{ .key = "queues",
		.type = &type_u32,
		.min = 1,
		.max = 16,
		.def = "1",
		.unit = "pairs",
		.offset = C(queues),
		.doc = "pairs of queues, receive and transmit; one for each CPU is the most that is of use" },
	{ .key = "vlan",
		.type = &type_u32,
		.def = "1",
		.min = 1,
		.max = 4094,
		.offset = C(vlan),
		.doc = "VLAN of its untagged frames" },
	{ .key = "trunk",
		.type = &type_bool,
		.def = "false",
		.offset = C(trunk),
		.doc = "all VLANs, with tags; else `vlan` alone" },
	{ .key = "bandwidth",
		.type = &type_bitrate,
		.min = 1e3,
		.max = 4e9,
		.offset = C(bandwidth_bps),
		.doc = "of each direction of its cable" },
	{ .key = "delay",
		.type = &type_duration,
		.max = 10e9,
		.offset = C(delay_ns),
		.doc = "of each direction of its cable" },
	{ .key = "loss",
		.type = &type_percent,
		.max = 1,
		.offset = C(loss),
		.doc = "share of the frames that get lost in each direction, by the scenario's `seed`" },
};

const struct schema schema_net = {
	.size = sizeof(struct scenario_net),
	.keys = net_keys,
	.n_keys = ARRAY_SIZE(net_keys),
	.short_key = "network",
	.doc = "One network card. The guest sees them in the order of the list.",
	.post = net_post,
};

/* --- the cable --------------------------------------------------------------------------- */

static void link_post(struct bind *b, const struct node *n, void *obj)
{
	struct scenario_action *a = obj;
	const struct scenario_guest *g = &load_of(b)->s.guests[a->guest];

	for (uint32_t i = 0; i < g->n_nets; i++) {
		if (g->nets[i].network == a->u.link.net) {
			a->u.link.net = i;
			return;
		}
	}
	bind_error(b, n, "is about a network that guest \"%s\" has no card on", g->name);
}

static const struct schema_key link_keys[] = {
	{ .key = "guest",
		.type = &type_guest,
		.flags = KEY_ONLY,
		.offset = A(guest),
		.doc = "which guest" },
	{ .key = "net",
		.type = &type_network,
		.flags = KEY_ONLY,
		.offset = A(u.link.net),
		.doc = "its first card on this network" },
	{ .key = "up",
		.type = &type_bool,
		.flags = KEY_REQUIRED,
		.offset = A(u.link.up),
		.doc = "whether the cable is in" },
};

const struct schema schema_link = {
	.keys = link_keys,
	.n_keys = ARRAY_SIZE(link_keys),
	.doc = "Pulls the cable of a guest's network card, or puts it in again.",
	.post = link_post,
};
