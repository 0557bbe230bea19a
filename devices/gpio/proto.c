/* SPDX-License-Identifier: Apache-2.0 */
/* See proto.h. */
#include "devices/gpio/proto.h"

/* The values of each type: a bit each; 0: any, for it is not looked at. */
static const struct {
	bool known, irq;
	uint32_t values;
} types[] = {
	[VIRTIO_GPIO_MSG_GET_LINE_NAMES] = { .known = true },
	[VIRTIO_GPIO_MSG_GET_DIRECTION] = { .known = true },
	[VIRTIO_GPIO_MSG_SET_DIRECTION] = { .known = true, .values = 0x7 },
	[VIRTIO_GPIO_MSG_GET_VALUE] = { .known = true },
	[VIRTIO_GPIO_MSG_SET_VALUE] = { .known = true, .values = 0x3 },
	[VIRTIO_GPIO_MSG_SET_IRQ_TYPE] = { .known = true, .irq = true, .values = 0x11f },
};

int gpio_parse(const struct virtio_gpio_request *w, unsigned int n_lines, bool irq,
	struct gpio_request *out)
{
	struct gpio_request r = { le16_get(w->type), le16_get(w->gpio), le32_get(w->value) };
	uint32_t values;

	if (r.type >= sizeof(types) / sizeof(types[0]) || !types[r.type].known ||
		(types[r.type].irq && !irq))
		return GUEST_E_UNSUPPORTED;
	values = types[r.type].values;
	if (values && (r.value > 31 || !(values >> r.value & 1)))
		return GUEST_E_FORMAT;
	if (r.type == VIRTIO_GPIO_MSG_GET_LINE_NAMES)
		r.line = 0;
	else if (r.line >= n_lines)
		return GUEST_E_FORMAT;
	*out = r;
	return 0;
}

bool gpio_irq_is_edge(uint32_t type, bool high)
{
	return type & (high ? VIRTIO_GPIO_IRQ_TYPE_EDGE_RISING : VIRTIO_GPIO_IRQ_TYPE_EDGE_FALLING);
}

bool gpio_irq_is_level(uint32_t type, bool high)
{
	return type & (high ? VIRTIO_GPIO_IRQ_TYPE_LEVEL_HIGH : VIRTIO_GPIO_IRQ_TYPE_LEVEL_LOW);
}
