/* SPDX-License-Identifier: Apache-2.0 */
/* See checksum.h. */
#include "sim/signal/checksum.h"

uint8_t crc8_j1850(uint8_t crc, const uint8_t *data, size_t len)
{
	crc ^= 0xff;
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint8_t)(crc & 0x80 ? crc << 1 ^ 0x1d : crc << 1);
	}
	return crc ^ 0xff;
}
