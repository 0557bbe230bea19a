/* SPDX-License-Identifier: Apache-2.0 */
/* AML writer; see aml.h. Opcodes are those of ACPI, "AML Byte Stream Byte Values". */
#include "vmm/arch/x86_64/aml.h"

#include <string.h>

#include "base/le.h"

#define OP_NAME    0x08
#define OP_BYTE    0x0a
#define OP_WORD    0x0b
#define OP_DWORD   0x0c
#define OP_STRING  0x0d
#define OP_QWORD   0x0e
#define OP_SCOPE   0x10
#define OP_BUFFER  0x11
#define OP_PACKAGE 0x12
#define OP_METHOD  0x14
#define OP_EXT     0x5b
#define OP_DEVICE  0x82 /* after OP_EXT */
#define OP_ARG0    0x68
#define OP_NOTIFY  0x86
#define OP_EQUAL   0x93
#define OP_IF      0xa0
#define DUAL_NAME  0x2e

/* Lengths are written in their 3-byte form: two bits say so, 20 bits are the length. */
#define PKG_BYTES 3
/* Size of a resource template: a word constant, so that it can be filled in later. */
#define BUFFER_SIZE_BYTES 3

void aml_bytes(struct aml *a, const void *bytes, size_t n)
{
	if (n > a->cap - a->len) {
		a->full = true;
		return;
	}
	memcpy(a->buf + a->len, bytes, n);
	a->len += n;
}

void aml_byte(struct aml *a, uint8_t b)
{
	aml_bytes(a, &b, 1);
}

static void le(struct aml *a, uint64_t v, size_t bytes)
{
	le64 w = le64_of(v);

	aml_bytes(a, w.b, bytes);
}

static aml_mark open_length(struct aml *a)
{
	static const uint8_t room[PKG_BYTES];
	aml_mark m = { a->len };

	aml_bytes(a, room, sizeof(room));
	return m;
}

void aml_close(struct aml *a, aml_mark m)
{
	size_t n = a->len - m.at;

	if (a->full)
		return;
	a->buf[m.at] = (uint8_t)(2u << 6 | (n & 0xf));
	a->buf[m.at + 1] = (uint8_t)(n >> 4);
	a->buf[m.at + 2] = (uint8_t)(n >> 12);
}

static void path(struct aml *a, const char *name)
{
	aml_bytes(a, name, strlen(name));
}

aml_mark aml_scope(struct aml *a, const char *p)
{
	aml_mark m;

	aml_byte(a, OP_SCOPE);
	m = open_length(a);
	path(a, p);
	return m;
}

aml_mark aml_device(struct aml *a, const char *name)
{
	aml_mark m;

	aml_byte(a, OP_EXT);
	aml_byte(a, OP_DEVICE);
	m = open_length(a);
	path(a, name);
	return m;
}

aml_mark aml_method(struct aml *a, const char *name, unsigned int args)
{
	aml_mark m;

	aml_byte(a, OP_METHOD);
	m = open_length(a);
	path(a, name);
	aml_byte(a, (uint8_t)args);
	return m;
}

aml_mark aml_package(struct aml *a, uint8_t elements)
{
	aml_mark m;

	aml_byte(a, OP_PACKAGE);
	m = open_length(a);
	aml_byte(a, elements);
	return m;
}

aml_mark aml_if_arg0_is(struct aml *a, uint8_t value)
{
	aml_mark m;

	aml_byte(a, OP_IF);
	m = open_length(a);
	aml_byte(a, OP_EQUAL);
	aml_byte(a, OP_ARG0);
	aml_integer(a, value);
	return m;
}

void aml_name(struct aml *a, const char *name)
{
	aml_byte(a, OP_NAME);
	path(a, name);
}

void aml_integer(struct aml *a, uint64_t v)
{
	if (v <= 1) {
		aml_byte(a, (uint8_t)v); /* ZeroOp, OneOp */
	} else if (v <= UINT8_MAX) {
		aml_byte(a, OP_BYTE);
		le(a, v, 1);
	} else if (v <= UINT16_MAX) {
		aml_byte(a, OP_WORD);
		le(a, v, 2);
	} else if (v <= UINT32_MAX) {
		aml_byte(a, OP_DWORD);
		le(a, v, 4);
	} else {
		aml_byte(a, OP_QWORD);
		le(a, v, 8);
	}
}

void aml_string(struct aml *a, const char *s)
{
	aml_byte(a, OP_STRING);
	aml_bytes(a, s, strlen(s) + 1);
}

static unsigned int hex(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)(c - 'A') + 10;
}

void aml_eisa_id(struct aml *a, const char *id)
{
	/* Three letters of 5 bits and four hex digits, most significant byte first. */
	const uint8_t *c = (const uint8_t *)id;
	unsigned int letters = (c[0] & 31u) << 10 | (c[1] & 31u) << 5 | (c[2] & 31u);
	uint8_t b[4] = { (uint8_t)(letters >> 8), (uint8_t)letters,
		(uint8_t)(hex(id[3]) << 4 | hex(id[4])), (uint8_t)(hex(id[5]) << 4 | hex(id[6])) };

	aml_byte(a, OP_DWORD);
	aml_bytes(a, b, sizeof(b));
}

void aml_buffer(struct aml *a, const void *bytes, uint8_t n)
{
	aml_mark m;

	aml_byte(a, OP_BUFFER);
	m = open_length(a);
	aml_byte(a, OP_BYTE);
	aml_byte(a, n);
	aml_bytes(a, bytes, n);
	aml_close(a, m);
}

void aml_notify(struct aml *a, const char *scope, const char *name, uint8_t value)
{
	aml_byte(a, OP_NOTIFY);
	aml_byte(a, '\\');
	aml_byte(a, DUAL_NAME);
	path(a, scope);
	path(a, name);
	aml_integer(a, value);
}

/* ---- resources: ACPI, "Resource Data Types for ACPI" ---- */

aml_mark aml_resources(struct aml *a)
{
	aml_mark m;

	aml_name(a, "_CRS");
	aml_byte(a, OP_BUFFER);
	m = open_length(a);
	aml_byte(a, OP_WORD);
	le(a, 0, 2);
	return m;
}

void aml_resources_close(struct aml *a, aml_mark m)
{
	size_t n;

	aml_byte(a, 0x79); /* end tag, checksum not used */
	aml_byte(a, 0);
	aml_close(a, m);
	if (a->full)
		return;
	n = a->len - m.at - PKG_BYTES - BUFFER_SIZE_BYTES;
	a->buf[m.at + PKG_BYTES + 1] = (uint8_t)n;
	a->buf[m.at + PKG_BYTES + 2] = (uint8_t)(n >> 8);
}

void aml_res_io(struct aml *a, uint16_t base, uint8_t len)
{
	aml_byte(a, 0x47);
	aml_byte(a, 1); /* decodes 16 bits */
	le(a, base, 2);
	le(a, base, 2);
	aml_byte(a, 1);
	aml_byte(a, len);
}

void aml_res_irq(struct aml *a, uint32_t gsi)
{
	aml_byte(a, 0x89);
	le(a, 6, 2);
	aml_byte(a, 0x03); /* consumer, edge, active high, exclusive */
	aml_byte(a, 1);
	le(a, gsi, 4);
}

void aml_res_fixed_memory(struct aml *a, uint32_t base, uint32_t len)
{
	aml_byte(a, 0x86);
	le(a, 9, 2);
	aml_byte(a, 1); /* read and write */
	le(a, base, 4);
	le(a, len, 4);
}

/* Address space descriptor: granularity, minimum, maximum, translation, length. */
static void window(struct aml *a, uint8_t tag, uint8_t type, uint64_t base, uint64_t len, size_t w)
{
	aml_byte(a, tag);
	le(a, 3 + 5 * w, 2);
	aml_byte(a, type);
	aml_byte(a, 0x0c); /* both ends fixed, positive decode */
	/* Memory: read and write, not cacheable; ports: the entire range. */
	aml_byte(a, type == 0 ? 1 : type == 1 ? 3 : 0);
	le(a, 0, w);
	le(a, base, w);
	le(a, base + (len - 1), w);
	le(a, 0, w);
	le(a, len, w);
}

void aml_res_buses(struct aml *a, uint16_t first, uint16_t last)
{
	window(a, 0x88, 2, first, last - first + 1u, 2);
}

void aml_res_window_io(struct aml *a, uint16_t base, uint16_t len)
{
	window(a, 0x88, 1, base, len, 2);
}

void aml_res_window32(struct aml *a, uint32_t base, uint32_t len)
{
	window(a, 0x87, 0, base, len, 4);
}

void aml_res_window64(struct aml *a, uint64_t base, uint64_t len)
{
	window(a, 0x8a, 0, base, len, 8);
}

/* "I2C Serial Bus Connection Resource Descriptor" */
void aml_res_i2c(struct aml *a, uint16_t address, uint32_t speed_hz, const char *path)
{
	size_t path_bytes = strlen(path) + 1;

	aml_byte(a, 0x8e);
	le(a, 15 + path_bytes, 2);
	aml_byte(a, 2); /* revision */
	aml_byte(a, 0); /* index of the source */
	aml_byte(a, 1); /* I2C */
	aml_byte(a, 0x02); /* consumed by the device; the controller initiates */
	le(a, 0, 2); /* address of 7 bits */
	aml_byte(a, 1); /* revision of what follows */
	le(a, 6, 2);
	le(a, speed_hz, 4);
	le(a, address, 2);
	aml_bytes(a, path, path_bytes);
}
