/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an entry file and as loader.conf. */
#include <stdlib.h>
#include <string.h>

#include "sim/bootdisk/entry.h"

static const char *lookup(void *arg, const char *name)
{
	(void)name;
	return arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct boot_entries es;
	static char value[] = "root=/dev/vda2 ro";
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	es.n = 0;
	for (uint32_t i = 0; i < 3; i++) {
		if (bls_parse(i ? "a-1.conf" : "a-2.conf", text, lookup, value, &es.e[es.n]) == 0) {
			if (!es.e[es.n].kernel[0] || es.e[es.n].n_initrds > BOOT_MAX_INITRDS)
				abort();
			es.n++;
		}
	}
	bls_order(&es, text);
	if (es.n && es.chosen >= es.n)
		abort();
	free(text);
	return 0;
}
