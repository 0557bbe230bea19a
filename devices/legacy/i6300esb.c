/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog chip; see i6300esb.h. Names are those of the 6300ESB data sheet, "Watchdog Timer".
 */
#include "devices/legacy/i6300esb.h"

#include <string.h>

#include "base/le.h"

/* Registers of the BAR. */
#define TIMER1 0x00
#define TIMER2 0x04
#define GINTSR 0x08
#define RELOAD 0x0c
#define END    0x10

#define CONFIG_FAST      0x04 /* counts of 1 us, not of 1 ms */
#define CONFIG_NO_OUTPUT 0x20 /* the second stage's end has no effect */
#define LOCK_ENABLE      0x02
#define LOCK_FREE_RUN    0x04

#define RELOAD_RELOAD  0x100
#define RELOAD_TIMEOUT 0x200 /* reads as one after a fire; written as one it is cleared */
#define UNLOCK_1       0x80
#define UNLOCK_2       0x86
#define PRELOAD_MAX    0xfffff

/* It counts the PCI clock, 33 MHz, through a divider of 15 or 5 bits. */
static uint64_t stage_ns(const struct i6300esb *w, unsigned int stage)
{
	uint64_t clocks = (uint64_t)w->preload[stage - 1] << (w->config & CONFIG_FAST ? 5 : 15);

	return clocks * 1000 / 33;
}

static void start(struct i6300esb *w, unsigned int stage, uint64_t from_ns)
{
	w->stage = (uint8_t)stage;
	w->deadline_ns = from_ns + stage_ns(w, stage);
}

void i6300esb_init(struct i6300esb *w)
{
	*w = (struct i6300esb){ .preload = { PRELOAD_MAX, PRELOAD_MAX } };
}

void i6300esb_reset(struct i6300esb *w)
{
	bool fired = w->fired;

	i6300esb_init(w);
	w->fired = fired;
}

void i6300esb_config(struct i6300esb *w, uint16_t config, uint8_t lock, uint64_t now_ns)
{
	bool was = w->lock & LOCK_ENABLE, is = lock & LOCK_ENABLE;

	w->config = config & I6300ESB_CONFIG_MASK;
	w->lock = lock & I6300ESB_LOCK_MASK;
	if (is && !was)
		start(w, 1, now_ns);
	if (!is)
		w->stage = 0;
}

uint64_t i6300esb_read(const struct i6300esb *w, uint64_t off, uint32_t len)
{
	le32 regs[END / 4] = { le32_of(w->preload[0]), le32_of(w->preload[1]), le32_of(w->flag),
		le32_of(w->fired ? RELOAD_TIMEOUT : 0) };
	le64 v = { 0 };

	if (off < END && len <= sizeof(v))
		memcpy(&v, (const uint8_t *)regs + off, len < END - off ? len : END - off);
	return le64_get(v);
}

static void write_reload(struct i6300esb *w, uint64_t v, uint64_t now_ns)
{
	if (v == UNLOCK_1) {
		w->unlocked = 1;
	} else if (v == UNLOCK_2 && w->unlocked == 1) {
		w->unlocked = 2;
	} else {
		if (w->unlocked == 2 && (v & RELOAD_RELOAD) && (w->lock & LOCK_ENABLE))
			start(w, 1, now_ns);
		if (w->unlocked == 2 && (v & RELOAD_TIMEOUT))
			w->fired = false;
		w->unlocked = 0;
	}
}

void i6300esb_write(struct i6300esb *w, uint64_t off, uint64_t value, uint32_t len, uint64_t now_ns)
{
	bool open = w->unlocked == 2;

	/* A reload that comes before anybody noticed the end is still in time. */
	if (off == RELOAD && (len == 2 || len == 4)) {
		write_reload(w, value & 0xffff, now_ns);
		return;
	}
	/* One write an unlocking. */
	w->unlocked = 0;
	if (!open || len != 4)
		return;
	if (off == TIMER1 || off == TIMER2)
		w->preload[off / 4] = (uint32_t)(value & PRELOAD_MAX);
	else if (off == GINTSR && (value & 1))
		w->flag = false;
}

bool i6300esb_advance(struct i6300esb *w, uint64_t now_ns)
{
	if (w->stage == 1 && now_ns >= w->deadline_ns) {
		w->flag = true;
		start(w, 2, w->deadline_ns);
	}
	if (w->stage != 2 || now_ns < w->deadline_ns)
		return false;
	w->stage = 0;
	if (w->lock & LOCK_FREE_RUN)
		start(w, 1, now_ns);
	if (w->config & CONFIG_NO_OUTPUT)
		return false;
	w->fired = true;
	return true;
}

uint64_t i6300esb_deadline(const struct i6300esb *w)
{
	return w->stage ? w->deadline_ns : UINT64_MAX;
}
