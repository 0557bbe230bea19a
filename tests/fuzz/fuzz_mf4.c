/* SPDX-License-Identifier: Apache-2.0 */
/* ASAM MDF 4: every frame that comes out can be recorded, and reads back the same. */
#include "tests/fuzz/trace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return trace_fuzz(data, size, TRACE_MF4);
}
