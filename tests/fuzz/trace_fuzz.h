/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of all trace readers share. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/proto/can_port.h"
#include "sim/trace/record.h"
#include "sim/trace/trace.h"

static inline void trace_fuzz_quiet(void *ctx, const char *text)
{
	(void)ctx;
	(void)text;
}

/* A frame of a reader is one that the bus takes, and survives being recorded. */
static inline void trace_fuzz_frame(const struct trace_frame *f)
{
	struct can_rec_frame in = { .h = { .kind = CAN_REC_FRAME,
					    .mtu = f->f.flags & CANFD_FDF ? CANFD_MTU : CAN_MTU },
		.f = f->f };
	struct can_rec_frame checked;
	char line[RECORD_LINE_BYTES];
	struct trace_frame back;
	struct can_packet p;
	uint32_t off = 0, n;
	struct trace *t;

	p.len = 0;
	if (!can_packet_add(&p, &in) || can_packet_next(p.b, p.len, &off, &checked) != 1)
		abort();
	if (memcmp(&checked.f, &f->f, sizeof(f->f)) != 0)
		abort();
	n = record_format(line, f->t_ns, "can0", &f->f);
	if (n > sizeof(line) || trace_open_mem(&t, line, n, "line", NULL, NULL) < 0)
		abort();
	if (trace_next(t, &back) != 1 || memcmp(&back.f, &f->f, sizeof(f->f)) != 0)
		abort();
	trace_free(t);
}

static inline int trace_fuzz(const uint8_t *data, size_t size, enum trace_format format)
{
	struct trace_options opt = { .format = format, .problem = trace_fuzz_quiet };
	struct trace_frame f;
	struct trace *t;
	unsigned int n = 0;

	if (trace_open_mem(&t, data, size, "fuzz", &opt, NULL) < 0)
		return 0;
	/* Opening one more reader per frame is slow: the first ones will do. */
	while (trace_next(t, &f) > 0 && n++ < 4)
		trace_fuzz_frame(&f);
	trace_free(t);
	return 0;
}
