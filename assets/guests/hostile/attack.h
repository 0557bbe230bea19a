/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile guest's parts. The entropy device is the canary: it answers as long as all is well.
 */
#pragma once

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/io.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/verdict.h"
#include "dyno/virtio.h"

void attack_rings(void);
void attack_registers(void);
void attack_gpu(void);
void attack_others(void);

/* What a device did about a bad request. */
enum outcome { SILENT, RETURNED, NEEDS_RESET };
const char *outcome_name(enum outcome o);
/* Waits for one of them; `idx` points to what a returned request changes, `was` is its old value.
 */
enum outcome wait_outcome(const struct virtio_dev *v, const struct virtq *q, unsigned int ms);
/* The same, and a verdict: it must not be SILENT; `must_reset`: nothing but NEEDS_RESET will do. */
void expect_outcome(const struct virtio_dev *v, const struct virtq *q, bool must_reset,
	const char *id, const char *text);

/* Resets the device and prints a verdict on whether it and the machine still work. */
void expect_alive(struct virtio_dev *v, const char *id, const char *text);
/* The same for the entropy device: it delivers bytes. */
void expect_canary(const char *id, const char *text);

/* A number that differs from call to call, the same in every run. */
uint32_t noise(void);
