/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing and checking of virtio-gpio requests. Pure: no queue, no line, no state. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "devices/gpio/wire.h"

struct gpio_request {
	uint16_t type; /* VIRTIO_GPIO_MSG_* */
	uint16_t line; /* below n_lines; 0 for the names */
	uint32_t value; /* one that the type allows */
};

/*
 * Checks a request to a device with n_lines. `irq`: interrupts were negotiated. 0; GUEST_E_FORMAT
 * for a line or a value that there is not; GUEST_E_UNSUPPORTED for a type.
 */
MUST_CHECK int gpio_parse(const struct virtio_gpio_request *w, unsigned int n_lines, bool irq,
	struct gpio_request *out);

/* Whether a change of the level to `high` is an edge that this type of interrupt is about. */
bool gpio_irq_is_edge(uint32_t type, bool high);
/* Whether a line that is `high` interrupts by its level alone. */
bool gpio_irq_is_level(uint32_t type, bool high);
