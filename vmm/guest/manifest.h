/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest (docs/interfaces.md) as a checked struct. Pure: nothing is opened or started while
 * it is read; descriptors are still indices into those that came with the message, each named at
 * most once.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/proto/display.h"
#include "base/proto/i2c_chip.h"
#include "base/proto/pcm_port.h"
#include "base/proto/signal_port.h"
#include "devices/blk/blk_port.h"
#include "vmm/kvm/vm.h"

#define MANIFEST_NAME        64 /* bytes of a name, NUL included */
#define MANIFEST_CMDLINE     8192
#define MANIFEST_MAX_DEVICES 31 /* PCI bus 0, without the host bridge */
#define MANIFEST_MAX_MODULES 16
#define MANIFEST_MAX_PORTS   16
#define MANIFEST_MAX_SOUNDS  PCM_MAX_STREAMS
#define MANIFEST_EXPORT      256 /* bytes of an NBD export's name */
#define MANIFEST_SIGNAL      256 /* bytes of a signal's name, NUL included */
#define MANIFEST_NO_FD       (-1)

enum device_type {
	DEVICE_CAN,
	DEVICE_RNG,
	DEVICE_CONSOLE,
	DEVICE_GPU,
	DEVICE_INPUT,
	DEVICE_BLK,
	DEVICE_NET,
	DEVICE_BALLOON,
	DEVICE_VHOST_USER,
	DEVICE_VSOCK,
	DEVICE_9P,
	DEVICE_SND,
	DEVICE_RTC,
	DEVICE_I2C,
	DEVICE_GPIO,
	DEVICE_TYPES
};

/* What is done when the guest reports that its operating system failed. */
enum manifest_on_panic { MANIFEST_PANIC_STOP, MANIFEST_PANIC_RESET, MANIFEST_PANIC_PAUSE };

/* What is done when the watchdog fires. */
enum manifest_watchdog {
	MANIFEST_WATCHDOG_OFF, /* there is none */
	MANIFEST_WATCHDOG_NONE, /* it is told */
	MANIFEST_WATCHDOG_RESET,
	MANIFEST_WATCHDOG_POWER_OFF,
	MANIFEST_WATCHDOG_PAUSE
};

/* The machine's UTC: the host's, or given. */
struct manifest_utc {
	bool given, runs;
	int64_t utc_ns; /* at host_ns */
	uint64_t host_ns; /* CLOCK_MONOTONIC */
};

struct manifest_port {
	char name[MANIFEST_NAME];
	bool console;
	int fd; /* MANIFEST_NO_FD: output is discarded */
};

struct manifest_sound {
	bool capture, unplugged;
	uint32_t channels; /* at most */
	int ring_fd;
};

struct manifest_chip {
	enum i2c_chip_type type;
	uint8_t address;
	struct signal_feed feed[I2C_QUANTITIES], present;
	uint32_t alert; /* the signal that it sets; SIGNAL_FEED_CONSTANT: none */
};

struct manifest_line {
	char name[MANIFEST_NAME];
	bool has_input;
	struct signal_feed input;
	uint32_t output; /* the signal that it sets; SIGNAL_FEED_CONSTANT: none */
};

struct manifest_scanout {
	uint32_t width, height;
	char name[MANIFEST_NAME];
};

struct manifest_device {
	enum device_type type;
	char name[MANIFEST_NAME]; /* given, or the type with its number: "rng0" */
	union {
		struct {
			int fd; /* MANIFEST_NO_FD: nobody is on the bus */
			bool socketcan;
			bool echoes; /* the interface tells when a frame was sent */
			uint64_t features; /* VIRTIO_CAN_F_* mask; 0: all */
		} can;
		struct {
			unsigned int n;
			struct manifest_port *port; /* owned */
			uint16_t cols, rows; /* 0: not known */
		} console;
		struct {
			unsigned int n;
			struct manifest_scanout scanout[DISPLAY_MAX_SCANOUTS];
		} gpu;
		struct {
			enum input_kind kind;
			unsigned int scanout;
		} input;
		struct {
			int fd; /* MANIFEST_NO_FD: a memory disk */
			bool read_only;
			bool overlay; /* fd is only read; changes stay in memory */
			uint64_t overlay_bytes; /* most memory for changes */
			uint64_t bytes; /* size of a memory disk */
			unsigned int n_nbd; /* 0: not of an NBD server */
			int nbd[BLK_NBD_MAX_CONNECTIONS]; /* connected sockets */
			char nbd_export[MANIFEST_EXPORT];
			unsigned int queues;
			char serial[MANIFEST_NAME];
		} blk;
		struct {
			int fd; /* MANIFEST_NO_FD: the cable leads nowhere */
			bool tap; /* a tap interface, else a socket of the bench's switch */
			uint8_t mac[6];
			uint16_t mtu; /* 0: not said to the driver */
			unsigned int queues; /* pairs; 0: one */
		} net;
		struct {
			uint64_t target_bytes; /* what the guest shall keep; all when not given */
			bool reporting, deflate_on_oom;
		} balloon;
		struct {
			int fd; /* MANIFEST_NO_FD: every connection is refused */
			uint32_t cid;
		} vsock;
		struct {
			int fd, wake_fd; /* MANIFEST_NO_FD: nobody hears it */
			unsigned int n;
			struct manifest_sound stream[MANIFEST_MAX_SOUNDS];
		} snd;
		struct {
			unsigned int n;
			struct manifest_chip *chip; /* owned */
		} i2c;
		struct {
			unsigned int n;
			struct manifest_line *line; /* owned */
		} gpio;
		struct {
			int fd; /* a connected socket of the back end */
			unsigned int id; /* VIRTIO_ID_*: which device it is */
			unsigned int queues, queue_size;
			uint8_t *config; /* owned; the configuration space, or NULL: it is the
					    back end's */
			unsigned int config_bytes;
		} vhost_user;
		struct {
			int fd; /* a 9P server; MANIFEST_NO_FD: there is none */
			char tag[MANIFEST_NAME]; /* what the guest mounts */
			char *tree; /* owned; for mounts that name none, or NULL */
		} p9;
	} u;
};

struct manifest_module {
	int fd;
	char *cmdline; /* owned, may be NULL */
};

struct manifest {
	char name[MANIFEST_NAME];
	uint64_t memory_bytes;
	unsigned int cpus;
	bool sandbox;
	bool mmio; /* devices without PCI */
	enum log_level log_level;
	enum manifest_on_panic on_panic;
	enum manifest_watchdog watchdog;
	enum vm_pages pages; /* the host's, behind its memory */
	struct manifest_utc utc;
	int kvm_fd, kernel_fd, initrd_fd, serial_fd, display_fd;
	char kernel_name[MANIFEST_NAME];
	char *cmdline; /* owned, never NULL */
	int signals_fd;
	unsigned int n_signals;
	char **signal; /* owned; names of the signals that devices use, by their place */
	unsigned int n_modules;
	struct manifest_module module[MANIFEST_MAX_MODULES];
	unsigned int n_devices;
	struct manifest_device device[MANIFEST_MAX_DEVICES];
};

/*
 * Reads a manifest that came with n_fds descriptors. 0, or a negative code with a message that
 * names the key; *out is then empty. Release with manifest_fini().
 */
MUST_CHECK int manifest_parse(
	struct manifest *out, const json_t *root, unsigned int n_fds, struct err *e);
/* Idempotent. */
void manifest_fini(struct manifest *m);

/* { "utc_ns": N, "host_ns": N, "runs": B }, as the manifest and the request "utc" have them. 0, or
 * a negative code with a message that names the key. */
MUST_CHECK int manifest_utc_read(struct manifest_utc *out, const json_t *o, struct err *e);

const char *device_type_name(enum device_type t);
const char *manifest_watchdog_name(enum manifest_watchdog w);
/* The first gpu device; NULL when there is none. */
const struct manifest_device *manifest_gpu(const struct manifest *m);
