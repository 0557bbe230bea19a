/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a grub.cfg, with and without an environment block. */
#include <stdlib.h>
#include <string.h>

#include "sim/bootdisk/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_entries es;
	char *text = malloc(size + 1);
	bool blscfg;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (unsigned int with = 0; with < 2; with++) {
		grub_parse(text, with ? text : NULL, &es, &blscfg);
		if (es.n > BOOT_MAX_ENTRIES || (es.n && es.chosen >= es.n))
			abort();
		for (uint32_t i = 0; i < es.n; i++) {
			if (!es.e[i].kernel[0] || es.e[i].n_initrds > BOOT_MAX_INITRDS ||
				es.e[i].level >= BOOT_LEVELS)
				abort();
		}
	}
	free(text);
	return 0;
}
