/* SPDX-License-Identifier: Apache-2.0 */
/* One mistake at a time; compiled only by compile_case.cmake. */
#include <string.h>

#include "base/gmem.h"
#include "base/le.h"

struct wire {
	le16 a;
	le32 b;
	le64 c;
	gpa at;
};

uint64_t use(const struct gmem *m, struct wire *w, uint32_t number, uint8_t *buf);
uint64_t use(const struct gmem *m, struct wire *w, uint32_t number, uint8_t *buf)
{
	uint64_t r = 0;

#if defined(CASE_CONTROL)
	w->a = le16_of(7);
	w->b = le32_of(number + le32_get(w->b));
	w->at = (gpa){ number };
	r = le64_get(w->c) + w->at.v + (le32_get(w->b) == number);
	if (gmem_read(m, buf, w->at, 4))
		return 0;
#elif defined(CASE_LE32_ARITHMETIC)
	r = w->b + number;
#elif defined(CASE_LE32_COMPARED)
	r = w->b == number;
#elif defined(CASE_LE16_FROM_INT)
	le16 x = 7;
	w->a = x;
#elif defined(CASE_LE16_AS_LE32)
	w->b = w->a;
#elif defined(CASE_LE64_AS_CONDITION)
	r = w->c ? 1 : 0;
#elif defined(CASE_GPA_AS_NUMBER)
	r = w->at;
#elif defined(CASE_GPA_FROM_NUMBER)
	r = (uint64_t)gmem_valid(m, number, 4);
#elif defined(CASE_GPA_ARITHMETIC)
	r = (w->at + 4).v;
#elif defined(CASE_GPA_AS_POINTER)
	memcpy(buf, w->at, 4);
#elif defined(CASE_GPA_DEREFERENCED)
	r = *w->at;
#elif defined(CASE_RESULT_IGNORED)
	gmem_read(m, buf, w->at, 4);
#else
#error "no case chosen"
#endif
	(void)m, (void)w, (void)number, (void)buf;
	return r;
}
