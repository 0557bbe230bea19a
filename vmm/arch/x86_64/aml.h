/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes AML (ACPI, "ACPI Machine Language"), as much of it as the tables of a small machine need.
 * A buffer that is full swallows the rest and says so at the end: no check after each call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct aml {
	uint8_t *buf;
	size_t cap, len;
	bool full;
};

/* An open object whose length is not known yet. */
typedef struct aml_mark {
	size_t at;
} aml_mark;

void aml_bytes(struct aml *a, const void *bytes, size_t n);
void aml_byte(struct aml *a, uint8_t b);

/* Objects with a body: everything until aml_close() belongs to it. Names are of 4 letters, with a
 * leading backslash for the root. */
aml_mark aml_scope(struct aml *a, const char *path);
aml_mark aml_device(struct aml *a, const char *name);
aml_mark aml_method(struct aml *a, const char *name, unsigned int args);
aml_mark aml_package(struct aml *a, uint8_t elements);
aml_mark aml_if_arg0_is(struct aml *a, uint8_t value);
void aml_close(struct aml *a, aml_mark m);

/* Name (NAME, value follows). */
void aml_name(struct aml *a, const char *name);
void aml_integer(struct aml *a, uint64_t v);
void aml_string(struct aml *a, const char *s);
/* A buffer of n bytes, 255 at most. */
void aml_buffer(struct aml *a, const void *bytes, uint8_t n);
/* "PNP0A08" as the compressed number. */
void aml_eisa_id(struct aml *a, const char *id);
void aml_notify(struct aml *a, const char *scope, const char *name, uint8_t value);

/* Name (_CRS, ResourceTemplate () { ... }): descriptors between open and close. */
aml_mark aml_resources(struct aml *a);
void aml_resources_close(struct aml *a, aml_mark m);
void aml_res_io(struct aml *a, uint16_t base, uint8_t len);
void aml_res_irq(struct aml *a, uint32_t gsi); /* edge, active high, exclusive */
void aml_res_fixed_memory(struct aml *a, uint32_t base, uint32_t len);
void aml_res_buses(struct aml *a, uint16_t first, uint16_t last);
void aml_res_window_io(struct aml *a, uint16_t base, uint16_t len);
void aml_res_window32(struct aml *a, uint32_t base, uint32_t len);
void aml_res_window64(struct aml *a, uint64_t base, uint64_t len);
/* A chip on the I2C bus of the device at the absolute `path`. */
void aml_res_i2c(struct aml *a, uint16_t address, uint32_t speed_hz, const char *path);
