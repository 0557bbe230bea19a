/* SPDX-License-Identifier: Apache-2.0 */
/* Where a guest's process runs on the host: sets of CPUs, priority. */
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/load.h"
#include "sim/scenario/platform.h"
#include "sim/scenario/units.h"

#define P(field) offsetof(struct scenario_guest, placement.field)

static bool read_number(const char **at, uint64_t *out)
{
	char digits[8];
	size_t n = strspn(*at, "0123456789");

	if (n == 0 || n >= sizeof(digits))
		return false;
	memcpy(digits, *at, n);
	digits[n] = '\0';
	*at += n;
	return unit_uint(digits, out) == 0 && *out < SCENARIO_HOST_CPUS;
}

/* `0-3,6` */
static bool add_cpus(const char *text, struct scenario_cpus *out)
{
	for (const char *at = text;; at++) {
		uint64_t first, last;

		if (!read_number(&at, &first))
			return false;
		last = first;
		if (*at == '-') {
			at++;
			if (!read_number(&at, &last) || last < first)
				return false;
		}
		for (uint64_t i = first; i <= last; i++)
			out->bits[i / 64] |= UINT64_C(1) << (i % 64);
		if (*at != ',')
			return *at == '\0';
	}
}

static void parse_cpus(
	struct bind *b, const struct node *n, const struct schema_key *k, void *field)
{
	struct scenario_cpus *out = field;

	(void)k;
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++) {
		const struct node *w = n->items[i];

		if (w->kind != NODE_SCALAR || !add_cpus(w->text, out)) {
			bind_error(b, w, "holds something that is no CPU: write [0, 2-3]");
			return;
		}
	}
	if (n->kind == NODE_MAP || (n->kind == NODE_LIST && n->n == 0))
		bind_error(b, n, "names no CPU: write 2, 0-3 or [0, 2-3]");
	else if (n->kind == NODE_SCALAR && !add_cpus(n->text, out))
		bind_error(
			b, n, "\"%.60s\" is not a set of CPUs: write 2, 0-3 or [0, 2-3]", n->text);
}
const struct schema_type type_cpus = {
	.name = "CPUs",
	.doc = "CPUs of the host as Linux numbers them: one (`2`), a range (`0-3`), or a list (`[0, "
	       "2-3]`, `0,2-3`).",
	.any_node = true,
	.parse = parse_cpus,
};

static const struct schema_key placement_keys[] = {
	{ .key = "cpus",
		.type = &type_cpus,
		.offset = P(cpus),
		.doc = "the host's CPUs that its process may use; without it all" },
	{ .key = "vcpus",
		.type = &type_cpus,
		.offset = P(vcpus),
		.doc = "the host's CPUs for its virtual ones, one each, in ascending order; its devices "
		       "stay on `cpus`" },
	{ .key = "nice",
		.type = &type_i32,
		.def = "0",
		.min = -20,
		.max = 19,
		.offset = P(nice),
		.doc = "priority of its process: -20 is the highest, 19 the lowest. Below 0 needs "
		       "the right to (CAP_SYS_NICE, or RLIMIT_NICE)" },
	{ .key = "realtime",
		.type = &type_bool,
		.def = "false",
		.offset = P(realtime),
		.doc = "its process goes before all ordinary programs of the host. Needs the right to "
		       "(CAP_SYS_NICE, or RLIMIT_RTPRIO)" },
};

const struct schema schema_placement = {
	.keys = placement_keys,
	.n_keys = ARRAY_SIZE(placement_keys),
	.short_key = "cpus",
	.doc = "Where a guest's process runs on the host, and how urgent it is "
	       "(docs/isolation.md).",
};

unsigned int scenario_num_cpus(const struct scenario_cpus *c)
{
	unsigned int n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(c->bits); i++)
		n += (unsigned int)__builtin_popcountll(c->bits[i]);
	return n;
}

bool scenario_has_cpu(const struct scenario_cpus *c, unsigned int cpu)
{
	return cpu < SCENARIO_HOST_CPUS && c->bits[cpu / 64] >> (cpu % 64) & 1;
}

void placement_check(struct bind *b, const struct node *n, const struct scenario_guest *g)
{
	unsigned int vcpus = scenario_num_cpus(&g->placement.vcpus);

	if (vcpus && vcpus != g->cpus)
		bind_key_error(b, n, "placement",
			"names %u of the host's CPUs in `vcpus`, and the guest has %u", vcpus,
			g->cpus);
}
