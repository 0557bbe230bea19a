/* SPDX-License-Identifier: Apache-2.0 */
/* Checksums that protect payloads. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-8 of SAE J1850: polynomial 0x1D, start 0xFF, final XOR 0xFF ("123456789" gives 0x4B).
 * Continues: the first call has crc 0, later ones what the call before returned.
 */
uint8_t crc8_j1850(uint8_t crc, const uint8_t *data, size_t len);
