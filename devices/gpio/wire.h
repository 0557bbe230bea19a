/* SPDX-License-Identifier: Apache-2.0 */
/* virtio-gpio on the wire ("GPIO Device / Device Operation"). Formats only. */
#pragma once

#include <stdint.h>

#include "base/le.h"

#define VIRTIO_GPIO_MSG_GET_LINE_NAMES 0x0001u
#define VIRTIO_GPIO_MSG_GET_DIRECTION  0x0002u
#define VIRTIO_GPIO_MSG_SET_DIRECTION  0x0003u
#define VIRTIO_GPIO_MSG_GET_VALUE      0x0004u
#define VIRTIO_GPIO_MSG_SET_VALUE      0x0005u
#define VIRTIO_GPIO_MSG_SET_IRQ_TYPE   0x0006u

#define VIRTIO_GPIO_STATUS_OK  0u
#define VIRTIO_GPIO_STATUS_ERR 1u

#define VIRTIO_GPIO_DIRECTION_NONE 0u
#define VIRTIO_GPIO_DIRECTION_OUT  1u
#define VIRTIO_GPIO_DIRECTION_IN   2u

#define VIRTIO_GPIO_IRQ_TYPE_NONE         0u
#define VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING  1u
#define VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING 2u
#define VIRTIO_GPIO_IRQ_TYPE_EDGE_BOTH    3u
#define VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH   4u
#define VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW    8u

#define VIRTIO_GPIO_IRQ_STATUS_INVALID 0u
#define VIRTIO_GPIO_IRQ_STATUS_VALID   1u

struct virtio_gpio_config {
	le16 ngpio;
	uint8_t padding[2];
	le32 gpio_names_size;
};
static_assert(sizeof(struct virtio_gpio_config) == 8, "virtio_gpio_config");

struct virtio_gpio_request {
	le16 type, gpio;
	le32 value;
};
static_assert(sizeof(struct virtio_gpio_request) == 8, "virtio_gpio_request");

/* Of GET_LINE_NAMES `value` is as long as the block of names. */
struct virtio_gpio_response {
	uint8_t status, value;
};

struct virtio_gpio_irq_request {
	le16 gpio;
};

struct virtio_gpio_irq_response {
	uint8_t status;
};
