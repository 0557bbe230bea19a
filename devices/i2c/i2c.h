/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio I2C adapter ("I2C Adapter Device") with chips on its bus (chip.h). Messages are carried
 * out as they come, in no time.
 */
#pragma once

#include "devices/i2c/chip.h"
#include "devices/virtio/vdev.h"

#define VIRTIO_I2C_F_ZERO_LENGTH_REQUEST 0

/* Requests of one turn of the loop; what is left then goes on in the next. */
#define I2C_MAX_TURN_REQUESTS 64u

struct i2c_dev_stats {
	uint64_t requests, failed;
};

/*
 * Makes the device. The chips (I2C_MAX_CHIPS at most, each at another address) are its own from
 * now on, on failure too; `tag` is copied. A reset of the device turns them off and on. 0 or
 * -ENOMEM.
 */
MUST_CHECK int i2c_dev_new(struct vdev **out, struct i2c_chip *const *chips_take,
	unsigned int n_chips, const char *tag);
/* Loop thread, both. */
struct i2c_dev_stats i2c_dev_stats(const struct vdev *v);
/* The chip number i; NULL beyond the last. */
const struct i2c_chip *i2c_dev_chip(const struct vdev *v, unsigned int i);
