/* SPDX-License-Identifier: Apache-2.0 */
/* DBC text: whatever is read can be looked for, decoded, encoded, and checked. */
#include <stdlib.h>
#include <string.h>

#include "sim/dbc/dbc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken out of a payload can be put back, and changes nothing. */
static void fuzz_message(
	const struct dbc *db, const struct dbc_message *m, const uint8_t *payload, uint32_t len)
{
	struct dbc_sample *out = calloc(m->n_signals + 1, sizeof(*out));
	uint8_t copy[DBC_MAX_LEN];

	if (!out)
		return;
	(void)dbc_match(db, m->can_id);
	(void)dbc_decode(m, payload, len, out);
	memcpy(copy, payload, len);
	if (dbc_encode(m, out, copy, len, NULL) != 0 || memcmp(copy, payload, len) != 0)
		abort();
	dbc_start_payload(m, copy);
	for (uint32_t i = 0; i < m->n_signals; i++) {
		(void)dbc_value_name(&m->signals[i], out[i].raw);
		(void)dbc_find_signal(m, m->signals[i].name);
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t payload[DBC_MAX_LEN];
	struct diags d = { .n = 0 };
	struct dbc *db;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = size ? data[i % size] : 0;
	if (dbc_parse(&db, "fuzz.dbc", data, size, &d, NULL) == 0) {
		for (uint32_t i = 0; i < db->n_messages && i < 64; i++) {
			const struct dbc_message *m = &db->messages[i];

			fuzz_message(db, m, payload, m->len);
			fuzz_message(db, m, payload, m->len / 2);
		}
		dbc_lint(db, &d);
		dbc_free(db);
	}
	diag_print(&d, NULL);
	diag_fini(&d);
	return 0;
}
