/* SPDX-License-Identifier: Apache-2.0 */
/* The signals of a guest's devices -> its manifest. */
#include "sim/bench/json_text.h"
#include "sim/bench/manifest.h"

json_t *manifest_feed(const struct signal_feed *f)
{
	if (f->signal == SIGNAL_FEED_CONSTANT)
		return json_pack("{s:f}", "offset", f->offset);
	return json_pack(
		"{s:i,s:f,s:f}", "signal", (int)f->signal, "scale", f->scale, "offset", f->offset);
}

void manifest_signals(const struct scenario *s, const struct scenario_guest *g, int fd, json_t *m,
	struct manifest_fds *out)
{
	json_t *names;

	if (!g->n_signals)
		return;
	names = json_array();
	for (uint32_t i = 0; i < g->n_signals; i++)
		json_array_append_new(names, json_text(s->signals.defs[g->signals[i].signal].name));
	json_object_set_new(m, "signals",
		json_pack("{s:o,s:o}", "fd", manifest_fd_index(out, fd), "names", names));
}
