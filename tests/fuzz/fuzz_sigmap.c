/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is a signal map or is reported; every signal of a map can be written and read. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario/sigmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses a buffer of its scanner on some malformed texts; no leak of ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static void use(const struct sigmap *m)
{
	uint8_t *packed = malloc(sigmap_packed_bytes(m)), frame[64] = { 0 };
	double v;

	if (!packed)
		return;
	sigmap_pack(m, packed);
	for (uint32_t i = 0; i < m->hdr.count; i++) {
		/* What the reader let pass fits the longest frame. */
		if (sigmap_encode(&m->e[i], 1e9 - i * 1e7, frame, sizeof(frame)) != 0 ||
			sigmap_decode(&m->e[i], frame, sizeof(frame), &v) != 0)
			abort();
	}
	free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *null;
	struct sigmap m;

	if (!null)
		null = fopen("/dev/null", "w");
	if (sigmap_load_text((const char *)data, size, "fuzz.yaml", null, &m) == 0) {
		use(&m);
		sigmap_fini(&m);
	}
	return 0;
}
