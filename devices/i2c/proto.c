/* SPDX-License-Identifier: Apache-2.0 */
/* See proto.h. */
#include "devices/i2c/proto.h"

/* Bits 15 to 8 of a 7-bit address, and its bit 0, are not used. */
static bool is_seven_bits(uint16_t addr)
{
	return (addr & 0xff01) == 0;
}

int i2c_parse(const struct virtio_i2c_out_hdr *h, uint32_t out_bytes, uint32_t in_bytes,
	struct i2c_message *out)
{
	uint32_t flags = le32_get(h->flags), hdr = (uint32_t)sizeof(*h);
	uint16_t addr = le16_get(h->addr);

	*out = (struct i2c_message){ .address = I2C_NOWHERE,
		.read = flags & VIRTIO_I2C_FLAGS_M_RD,
		.fail_next = flags & VIRTIO_I2C_FLAGS_FAIL_NEXT };
	if (flags & ~VIRTIO_I2C_FLAGS_KNOWN || out_bytes < hdr || in_bytes < 1)
		return GUEST_E_FORMAT;
	/* "buf" is readable by the device or writable, as the flag says: never both. */
	if (out->read ? out_bytes != hdr : in_bytes != 1)
		return GUEST_E_FORMAT;
	out->len = out->read ? in_bytes - 1 : out_bytes - hdr;
	if (out->len > I2C_MESSAGE_MAX)
		return GUEST_E_FORMAT;
	if (is_seven_bits(addr))
		out->address = (uint8_t)(addr >> 1);
	return 0;
}
