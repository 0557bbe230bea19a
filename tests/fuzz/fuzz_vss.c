/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a catalogue says, it is refused with a message or has entries that can be found. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/vss/vss.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { .text = "" };
	struct vss *v = NULL;

	if (vss_load_text(&v, (const char *)data, size, &e) != 0) {
		if (v || !e.text[0])
			abort();
		return 0;
	}
	for (size_t i = 0; i < vss_count(v); i++) {
		const struct vss_entry *x = vss_at(v, i);

		if (vss_find(v, x->name) == NULL || !vss_covers(v, x->name))
			abort();
		if (strlen(x->name) > VSS_MAX_NAME || x->min > x->max)
			abort();
		for (uint32_t k = 0; k < x->n_allowed; k++)
			(void)strlen(x->allowed[k]);
		(void)vss_same_unit(x->unit, "percent");
		(void)vss_kind_name(x->kind);
	}
	vss_free(v);
	return 0;
}
