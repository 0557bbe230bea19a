/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scenario: what runs, what is fed to it and what must come out, as a typed tree. Made from a
 * YAML file (docs/scenario-reference.md describes every key); every reference in it was resolved
 * and every bound checked, so that a reader of this tree has nothing left to verify.
 *
 * The tree is read-only after scenario_load(); any thread may read it. All strings and arrays
 * belong to it. Times are bench time: nanoseconds since the scenario began.
 */
#pragma once

#include <linux/can.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/proto/display.h"
#include "base/proto/i2c_chip.h"
#include "base/proto/signal_port.h"
#include "sim/gnss/receiver.h"
#include "sim/scenario/sigmap.h"
#include "sim/sensor/script.h"
#include "sim/signal/model.h"

/* What COM1 is called where a port of a console is expected. */
#define SCENARIO_PORT_SERIAL "serial"

/* Checkpoint that the bench takes of every display when the run ends; reserved name. */
#define SCENARIO_CHECKPOINT_END "end"

#define SCENARIO_MAX_GUESTS   16
#define SCENARIO_MAX_BUSES    16
#define SCENARIO_MAX_CAN      8 /* CAN controllers of one guest */
#define SCENARIO_MAX_DISKS    8 /* disks of one guest */
#define SCENARIO_MAX_NETWORKS 16
#define SCENARIO_MAX_SHARES   8 /* folders of one guest */
#define SCENARIO_MAX_VHOST    8 /* vhost-user devices of one guest */
#define SCENARIO_MAX_NETS     8 /* network cards of one guest */
#define SCENARIO_MAX_FORWARDS 32
#define SCENARIO_MAX_PORTS    16 /* of a guest's virtio console */
#define SCENARIO_MAX_VSOCK    32 /* sockets of one guest that the scenario names */
#define SCENARIO_TEXT_MAX     4096 /* bytes typed in one go */
#define SCENARIO_MAX_SOUNDS   16 /* streams of one guest */
#define SCENARIO_ALL_SOUNDS   64 /* of all guests */
#define SCENARIO_MAX_FOCUS    16
#define SCENARIO_MAX_SCRIPTS  16
#define SCENARIO_MAX_LINES    64 /* of a guest's GPIO controller */
#define SCENARIO_MAX_USED     256 /* signals that devices of one guest use */
#define SCENARIO_NAME_MAX     23 /* bytes of a guest, bus, port or checkpoint name */

/* Stands for "every guest" or "every display" where an index is expected. */
#define SCENARIO_ALL UINT32_MAX
/* No end of a window: until the run ends. */
#define SCENARIO_FOREVER UINT64_MAX

enum scenario_end {
	SCENARIO_END_DURATION,
	SCENARIO_END_GUESTS /* when no guest runs any more; the duration is the limit */
};

enum scenario_ui { SCENARIO_UI_AUTO, SCENARIO_UI_SDL, SCENARIO_UI_HEADLESS };
enum scenario_panel_show { SCENARIO_PANEL_AUTO, SCENARIO_PANEL_ON, SCENARIO_PANEL_OFF };

/* The control panel. */
struct scenario_panel {
	enum scenario_panel_show show;
	uint32_t n_signals; /* names or patterns; 0: all that are published */
	const char *const *signals;
	bool placed; /* x, y were given */
	int32_t x, y;
	uint32_t width, height; /* 0: as dyno-ui likes */
	double scale; /* 0: the screen's */
};

/* --- guests ------------------------------------------------------------------------------ */

enum scenario_restart {
	SCENARIO_RESTART_NEVER,
	SCENARIO_RESTART_ON_CRASH,
	SCENARIO_RESTART_ALWAYS
};

/* What follows when its operating system reports that it failed. */
enum scenario_on_panic { SCENARIO_PANIC_STOP, SCENARIO_PANIC_RESET, SCENARIO_PANIC_PAUSE };

/* Its watchdog, and what follows when that fires. */
enum scenario_watchdog {
	SCENARIO_WATCHDOG_OFF, /* there is none */
	SCENARIO_WATCHDOG_NONE,
	SCENARIO_WATCHDOG_RESET,
	SCENARIO_WATCHDOG_POWER_OFF,
	SCENARIO_WATCHDOG_PAUSE
};

/* The host's pages behind its memory. */
enum scenario_huge_pages {
	SCENARIO_HUGE_OFF,
	SCENARIO_HUGE_TRANSPARENT,
	SCENARIO_HUGE_2M,
	SCENARIO_HUGE_1G
};

#define SCENARIO_HOST_CPUS 1024

/* A set of the host's CPUs; empty: not given. */
struct scenario_cpus {
	uint64_t bits[SCENARIO_HOST_CPUS / 64];
};

/* Where a guest's process runs. */
struct scenario_placement {
	struct scenario_cpus cpus;
	struct scenario_cpus vcpus; /* one each for its vCPUs, in ascending order */
	int32_t nice;
	bool realtime;
};

/* Features offered by a guest's CAN controller; the manifest's words in scenario_can_feature_name.
 */
#define SCENARIO_CAN_CLASSIC     0x1u
#define SCENARIO_CAN_FD          0x2u
#define SCENARIO_CAN_RTR         0x4u
#define SCENARIO_CAN_LATE_TX_ACK 0x8u
#define SCENARIO_CAN_FEATURES    4

struct scenario_can {
	uint32_t bus; /* index in scenario.buses */
	uint32_t features; /* SCENARIO_CAN_* */
};

struct scenario_display {
	const char *title;
	uint32_t width, height; /* pixels */
	bool placed; /* x and y were given */
	int32_t x, y; /* window position on the host's desktop */
	uint32_t inputs; /* 1u << enum input_kind: the same as the guest's `inputs` */
};

struct scenario_input {
	enum input_kind kind;
	uint32_t display; /* index in the guest's displays */
};

struct scenario_port {
	const char *name;
	bool console; /* a terminal (hvcN) and not a plain channel */
};

/* Where a disk's changes go. */
enum scenario_overlay {
	SCENARIO_OVERLAY_MEMORY, /* lost with the guest's process */
	SCENARIO_OVERLAY_NONE, /* into the image */
	SCENARIO_OVERLAY_FILE /* into a file of their own, made when it is not there */
};

enum scenario_format {
	SCENARIO_FORMAT_AUTO, /* in a file only: a loaded disk has another */
	SCENARIO_FORMAT_RAW,
	SCENARIO_FORMAT_QCOW2,
	SCENARIO_FORMAT_VMDK,
	SCENARIO_FORMAT_VHDX,
	SCENARIO_FORMAT_VPC
};
/* As the scenario and QEMU's programs call it. */
const char *scenario_format_name(enum scenario_format f);
/* What `auto` is for a file. By its name, never by its content: a guest that wrote another format's
 * header to its raw disk would choose what the host opens the next time. */
enum scenario_format scenario_format_of(const char *file);

struct scenario_disk {
	const char *file; /* an image or a block device; NULL where `uri` is set */
	const char *uri; /* of an NBD server's disk */
	enum scenario_format format;
	bool own_format; /* it was said, and not made of the name */
	bool overlay_qcow2; /* SCENARIO_OVERLAY_FILE: with what changed only; else a copy */
	bool read_only;
	enum scenario_overlay overlay;
	const char *overlay_path; /* SCENARIO_OVERLAY_FILE */
	uint64_t overlay_limit_bytes; /* SCENARIO_OVERLAY_MEMORY */
	const char *serial; /* NULL: none */
	uint32_t queues;
};

/* --- networks ---------------------------------------------------------------------------- */

enum scenario_network_type {
	SCENARIO_NETWORK_SWITCH,
	SCENARIO_NETWORK_USER, /* a switch with a gateway */
	SCENARIO_NETWORK_TAP
};

struct scenario_forward {
	uint32_t udp; /* 0: tcp */
	uint32_t host_port, guest_port;
};

struct scenario_network {
	const char *name;
	enum scenario_network_type type;
	const char *tap; /* the host's interface; NULL but for a tap */
	uint32_t mtu;
	bool capture, restricted;
	uint32_t n_forwards;
	const struct scenario_forward *forwards;
};

struct scenario_mac {
	bool given;
	uint8_t b[6];
};

/* A guest's network card and the port of the switch that it is plugged into. */
struct scenario_net {
	uint32_t network; /* index in scenario.networks */
	struct scenario_mac mac;
	uint32_t vlan;
	bool trunk;
	uint32_t queues; /* pairs */
	uint32_t bandwidth_bps; /* 0: unlimited */
	uint64_t delay_ns;
	double loss; /* share of the frames */
};

struct scenario_balloon {
	bool enabled, reporting, deflate_on_oom;
	uint64_t target_bytes; /* what the guest shall keep; 0: all its memory */
};

/* A socket of the host that stands for a port. */
struct scenario_vsock_path {
	uint32_t port;
	uint32_t seqpacket; /* 0: stream */
	const char *path; /* relative to the run's folder, or absolute */
};

/* Sockets between the guest and others (virtio-vsock). */
struct scenario_vsock {
	bool enabled;
	uint32_t cid; /* 0: see scenario_vsock_cid() */
	uint32_t n_listen, n_connect;
	const struct scenario_vsock_path *listen; /* lead to ports of the guest */
	const struct scenario_vsock_path *connect; /* what its connections lead to */
};

/* A stream of a guest's sound device. */
struct scenario_sound {
	const char *name;
	uint32_t capture; /* 0: the guest plays */
	uint32_t channels; /* at most */
	const char *role, *target; /* NULL: none; the default device */
	uint32_t volume_percent;
	bool mute, record;
	bool plugged; /* its jack, at the start */
};

/* A signal that a guest's devices use. In their settings it is known by its place in the guest's
 * list. */
struct scenario_guest_signal {
	uint32_t signal; /* index in scenario.signals.defs */
	bool set; /* the guest sets it */
};

/* A line of a guest's GPIO controller. */
struct scenario_line {
	const char *name;
	bool has_input;
	struct signal_feed input;
	uint32_t output; /* place of the signal that the guest sets; SIGNAL_FEED_CONSTANT: none */
};

/* A chip on a guest's I2C bus. */
struct scenario_chip {
	enum i2c_chip_type type;
	uint32_t address;
	struct signal_feed feed[I2C_QUANTITIES], present;
	uint32_t alert; /* place of the signal that its pin sets; SIGNAL_FEED_CONSTANT: none */
};

/* --- files, and devices of other programs ------------------------------------------------ */

enum scenario_share_type { SCENARIO_SHARE_VIRTIOFS, SCENARIO_SHARE_9P };
enum scenario_cache { SCENARIO_CACHE_AUTO, SCENARIO_CACHE_ALWAYS, SCENARIO_CACHE_NONE };
enum scenario_confine {
	SCENARIO_CONFINE_AUTO,
	SCENARIO_CONFINE_NAMESPACE,
	SCENARIO_CONFINE_CHROOT,
	SCENARIO_CONFINE_NONE
};

/* A folder of the host that a guest can mount. */
struct scenario_share {
	const char *tag, *path;
	enum scenario_share_type type;
	bool read_only;
	enum scenario_cache cache; /* virtiofs */
	enum scenario_confine confine; /* virtiofs */
};

/* A device that a program serves which is there already. */
struct scenario_vhost_user {
	uint32_t id; /* VIRTIO_ID_* */
	const char *socket;
	const char *name; /* NULL: none */
	uint32_t queues, queue_size;
	const char *config; /* hexadecimal digits; NULL: the program's */
	uint32_t config_bytes;
};

/* A satellite receiver that speaks on a console port. Signals: indices of enum GNSS_*. */
struct scenario_gnss {
	bool enabled, reckons; /* from a start, by speed and heading */
	const char *port;
	uint32_t rate_hz;
	const char *signals[GNSS_SIGNALS]; /* as written; NULL: those of the VSS, where they are */
	double latitude_deg, longitude_deg, altitude_m, heading_deg; /* of the start */
	uint32_t satellites;
	double hdop, geoid_m;
};

struct scenario_guest {
	const char *name;
	const char *kernel; /* path to open; NULL when `builtin` is set, or it boots from a disk */
	bool boot_from_disk; /* kernel, RAM disk and arguments come from disks[boot_disk] */
	uint32_t boot_disk;
	const char *boot_entry; /* number, id, title or pattern; NULL: the image's own choice */
	const char *builtin; /* name of an image that ships with Dyno ("cluster"); NULL else */
	const char *initrd; /* path to open; NULL: none */
	const char *cmdline; /* "" when not given */
	uint64_t memory_bytes;
	uint32_t cpus;
	bool sandbox, serial, rng, rtc;
	uint32_t mmio; /* its devices are without PCI */
	bool no_crash; /* an implicit no_crash check watches it */
	const char *sigmap_path; /* NULL: none */
	const struct sigmap *sigmap; /* loaded and checked; NULL: none */
	const char *ready; /* POSIX extended regex; a console line that matches means READY */
	enum scenario_on_panic on_panic;
	enum scenario_watchdog watchdog;
	enum scenario_huge_pages huge_pages;
	struct scenario_placement placement;
	uint64_t log_limit_bytes; /* of its consoles' log */
	enum scenario_restart restart;
	uint32_t max_restarts;
	uint32_t n_can, n_nets, n_displays, n_inputs, n_ports, n_disks;
	const struct scenario_can *can;
	const struct scenario_net *nets;
	const struct scenario_display *displays;
	const struct scenario_input *inputs; /* one input device each, in this order */
	const struct scenario_port *ports; /* of one virtio-console; none: no such device */
	const struct scenario_disk *disks;
	struct scenario_balloon balloon;
	struct scenario_gnss gnss;
	struct scenario_vsock vsock;
	uint32_t n_shares, n_vhost_user;
	const struct scenario_share *shares;
	const struct scenario_vhost_user *vhost_user;
	uint32_t n_sounds;
	const struct scenario_sound *sounds; /* none: no sound device */
	uint32_t n_chips;
	const struct scenario_chip *chips; /* on its I2C bus; none: it has no such bus */
	uint32_t n_lines;
	const struct scenario_line *lines; /* of its GPIO controller; none: it has none */
	uint32_t n_signals;
	const struct scenario_guest_signal *signals; /* that its devices use */
};

/* --- sound ------------------------------------------------------------------------------- */

enum scenario_sound_server {
	SCENARIO_SOUND_AUTO,
	SCENARIO_SOUND_PIPEWIRE,
	SCENARIO_SOUND_PULSE,
	SCENARIO_SOUND_NULL
};

/* While one stream is heard, and hold_ns longer, another is quieter. Both as GUEST.STREAM. */
struct scenario_focus {
	const char *when, *duck;
	uint32_t db;
	uint64_t hold_ns;
};

struct scenario_audio {
	enum scenario_sound_server server;
	uint32_t flac; /* recordings are FLAC, not WAV */
	uint32_t n_focus;
	const struct scenario_focus *focus;
};

/* --- buses and replays ------------------------------------------------------------------- */

enum scenario_timing { SCENARIO_TIMING_IDEAL, SCENARIO_TIMING_BIT_ACCURATE };

struct scenario_bus {
	const char *name;
	uint32_t bitrate_hz, data_bitrate_hz;
	enum scenario_timing timing;
	bool fd; /* false: FD frames are errors on this bus */
	const char *socketcan; /* host interface that takes part in the bus; NULL: none */
	bool socketcan_create; /* made for the run where the host has none */
	bool socketcan_direct; /* guests are on the interface themselves, the bench beside them */
	bool record; /* to OUT/NAME.log */
	uint64_t record_limit_bytes;
};

/* An identifier pattern: matches when ((id ^ p.id) & p.mask) == 0, ids with CAN_EFF_FLAG. */
struct scenario_id {
	canid_t id; /* with CAN_EFF_FLAG */
	canid_t mask; /* with CAN_EFF_FLAG, so that the frame format is compared */
};

struct scenario_map {
	const char *channel; /* as the trace calls it: "can0", or "1" in an .asc */
	uint32_t bus;
};

enum scenario_rule_what { SCENARIO_RULE_PASS, SCENARIO_RULE_DROP, SCENARIO_RULE_REMAP };

/* What happens to a frame of a trace; the first rule that matches its identifier decides, without
 * a match it passes. `keep`, `drop` and `remap` of the file, ranges taken apart into masks. */
struct scenario_rule {
	struct scenario_id match; /* mask 0 matches everything */
	enum scenario_rule_what what;
	canid_t to; /* SCENARIO_RULE_REMAP: with CAN_EFF_FLAG where it is 29 bits */
};

struct scenario_replay {
	const char *file;
	uint64_t at_ns; /* bench time at which it begins */
	uint64_t start_ns; /* this much of the trace's beginning is skipped */
	double speed; /* 2.0: twice as fast as recorded */
	bool loop;
	uint32_t n_map, n_rules;
	const struct scenario_map *map; /* empty: channels go to the buses of the same name */
	const struct scenario_rule *rules;
};

/* --- scripts ----------------------------------------------------------------------------- */

struct scenario_script {
	const char *file, *name;
	uint32_t line; /* in the scenario file */
	uint32_t n_args;
	const struct script_arg *args;
	uint64_t memory_bytes, instructions;
};

/* --- actions ----------------------------------------------------------------------------- */

enum scenario_op {
	SCENARIO_SEND,
	SCENARIO_KEY,
	SCENARIO_TOUCH,
	SCENARIO_POINTER,
	SCENARIO_POWER_BUTTON,
	SCENARIO_RESET,
	SCENARIO_PAUSE,
	SCENARIO_RESUME,
	SCENARIO_KILL,
	SCENARIO_VOLUME,
	SCENARIO_MUTE,
	SCENARIO_JACK, /* of a sound card, in or out */
	SCENARIO_BUS_OFF, /* the guest's controller on u.bus_off.bus goes bus-off */
	SCENARIO_LINK, /* the cable of a network card, in or out */
	SCENARIO_BALLOON, /* what a guest shall keep of its memory */
	SCENARIO_THROTTLE, /* what a guest gets of its processors' time */
	SCENARIO_SCREENSHOT,
	SCENARIO_LOG,
	SCENARIO_TYPE,
	SCENARIO_SET, /* signals get values */
	SCENARIO_STUCK, /* what a signal shows stays what it is, or follows again */
	SCENARIO_SILENCE, /* a message is sent no more, or again */
	SCENARIO_FAULT, /* frames of a bus meet a fault, or no more */
	SCENARIO_CUT, /* the cable of a controller is cut, or mended */
	SCENARIO_LOAD, /* a node fills a bus, or no more */
	SCENARIO_OPS
};

enum scenario_fault {
	SCENARIO_FAULT_DROP,
	SCENARIO_FAULT_DELAY,
	SCENARIO_FAULT_DUPLICATE,
	SCENARIO_FAULT_CORRUPT,
	SCENARIO_FAULT_REORDER,
	SCENARIO_FAULT_ERROR,
	SCENARIO_FAULT_KINDS
};

/* A frame ready for a CAN port: mtu is CAN_MTU or CANFD_MTU. */
struct scenario_frame {
	uint8_t mtu;
	struct canfd_frame f;
};

struct scenario_point {
	int32_t x, y; /* pixels of the display's own resolution */
};

struct scenario_assign {
	uint32_t signal; /* index in scenario.signals.defs */
	double value;
};

struct scenario_assigns {
	uint32_t n;
	const struct scenario_assign *items;
};

/*
 * One timed action. `guest` and `display` are indices; guest is SCENARIO_ALL for pause, resume
 * and screenshot of all, display is SCENARIO_ALL for a screenshot of all displays of a guest.
 */
struct scenario_action {
	uint64_t at_ns;
	enum scenario_op op;
	uint32_t line; /* in the scenario file, for messages */
	uint32_t guest, display;
	union {
		struct {
			uint32_t bus;
			struct scenario_frame frame;
			uint64_t every_ns; /* 0: once */
			uint32_t count; /* with every_ns; 0: until the run ends */
		} send;
		struct {
			uint16_t code; /* KEY_* of linux/input-event-codes.h */
			uint64_t hold_ns;
		} key;
		struct {
			uint32_t slot;
			struct scenario_point from, to; /* equal for a tap */
			uint64_t hold_ns; /* from down to up, moving evenly */
		} touch;
		struct {
			bool move; /* to `at` first */
			struct scenario_point at;
			uint16_t button; /* BTN_*; 0: none is clicked */
			uint64_t hold_ns;
			int32_t wheel; /* notches, positive is away from the user; 0: none */
		} pointer;
		struct {
			uint64_t for_ns; /* 0: for good; else the RESUME is among the actions too */
		} pause;
		struct {
			uint32_t bus;
		} bus_off;
		struct {
			uint32_t bus;
			uint32_t number; /* of the faults and loads; that of its end is the same */
			enum scenario_fault kind;
			struct scenario_id id;
			double chance; /* a fraction */
			uint64_t delay_ns;
			uint8_t flip[CANFD_MAX_DLEN];
			bool on;
		} fault;
		struct {
			uint32_t bus;
			bool on;
		} cut;
		struct {
			uint32_t bus, number;
			double share; /* of the bus's time, as a fraction */
			canid_t id; /* with CAN_EFF_FLAG */
			uint32_t len;
			bool on;
		} load;
		struct {
			uint32_t net; /* index in the guest's nets */
			bool up;
		} link;
		struct {
			uint64_t target_bytes; /* 0 (control socket only): as it is */
		} balloon;
		struct {
			uint32_t percent; /* 1 to 100; 100 is all of it */
		} throttle;
		struct {
			uint32_t stream; /* index in the guest's sounds */
			uint32_t percent; /* volume */
			bool on; /* mute; jack: plugged in */
		} sound;
		struct {
			const char *checkpoint; /* becomes part of the PNG's name */
		} screenshot;
		struct {
			const char *text;
		} log;
		struct {
			const char *port; /* of the guest; never NULL */
			const char *text; /* with its newline */
			bool enter; /* one was added */
		} type;
		struct scenario_assigns set;
		struct {
			uint32_t signal;
			bool on;
			bool has_value; /* else it stays what it is */
			double value;
			uint64_t for_ns; /* 0: for good; else its end is among the actions too */
		} stuck;
		struct {
			uint32_t message; /* index in scenario.signals.messages */
			bool on;
			uint64_t for_ns; /* as above */
		} silence;
	} u;
};

/* --- checks (judged by sim/check) -------------------------------------------------------- */

enum scenario_check_kind {
	SCENARIO_CHECK_EXPECT,
	SCENARIO_CHECK_FORBID,
	SCENARIO_CHECK_COUNT,
	SCENARIO_CHECK_PERIOD,
	SCENARIO_CHECK_SIGNAL,
	SCENARIO_CHECK_CONSOLE,
	SCENARIO_CHECK_FORBID_CONSOLE,
	SCENARIO_CHECK_SCREEN,
	SCENARIO_CHECK_NOT_BLANK,
	SCENARIO_CHECK_READY,
	SCENARIO_CHECK_EXIT,
	SCENARIO_CHECK_NO_CRASH,
	SCENARIO_CHECK_TONE,
	SCENARIO_CHECK_SILENCE,
	SCENARIO_CHECK_GAPLESS,
	SCENARIO_CHECK_LEVEL,
	SCENARIO_CHECK_CHIME,
	SCENARIO_CHECK_GRADIENT,
	SCENARIO_CHECK_ORDER,
	SCENARIO_CHECK_LATENCY,
	SCENARIO_CHECK_SCRIPT, /* implicit: a script did not stop with an error */
	SCENARIO_CHECK_KINDS
};

/* A tone is recognised in so many of its periods, not in fewer. */
#define SCENARIO_TONE_PERIODS 10

/* Which frames a check is about. */
struct scenario_match {
	uint32_t bus;
	struct scenario_id id;
	uint32_t from; /* index of the guest that must have sent it; SCENARIO_ALL: anyone */
	int32_t len; /* payload bytes; -1: any that holds the pattern */
	uint8_t n_data; /* bytes of the pattern */
	int8_t fd, rtr; /* 1: must be, 0: must not be, -1: either */
	uint8_t data[CANFD_MAX_DLEN], mask[CANFD_MAX_DLEN];
};

/* How a signal's value becomes an event: the moment from which it is so. */
enum scenario_cross { SCENARIO_ABOVE, SCENARIO_BELOW, SCENARIO_EQUALS };

enum scenario_event_kind {
	SCENARIO_EVENT_FRAME,
	SCENARIO_EVENT_SIGNAL,
	SCENARIO_EVENT_CONSOLE,
	SCENARIO_EVENT_SCREEN
};

/* What a region of a display must come to. */
enum scenario_look {
	SCENARIO_LOOK_CHANGED, /* to differ from what it was at the event before */
	SCENARIO_LOOK_COLOUR,
	SCENARIO_LOOK_LIKE /* to look like a picture */
};

/* Something that happens at moments of a run. */
struct scenario_event {
	enum scenario_event_kind kind;
	const char *text; /* what it is, for verdicts */
	union {
		struct scenario_match match;
		struct {
			uint32_t index; /* in scenario.signals.defs; SIGNAL_NONE: files were not
					   read */
			enum scenario_cross cross;
			double value;
		} signal;
		struct {
			uint32_t guest;
			const char *regex; /* POSIX extended */
			const char *port; /* NULL: any; "serial" is COM1 */
		} console;
		struct {
			uint32_t guest, display;
			enum scenario_look look;
			struct display_rect region; /* inside of the display */
			uint32_t rgb; /* colour: 0xRRGGBB */
			const char *picture; /* PNG to look like */
			uint8_t threshold; /* channel difference that still counts as equal */
			double share; /* fraction of the pixels that it takes; 0: one of them */
		} screen;
	} u;
};

struct scenario_check {
	enum scenario_check_kind kind;
	const char *name; /* as given, or made from what it checks; unique */
	uint32_t line; /* in the scenario file; 0: implicit */
	uint64_t after_ns, until_ns; /* the window; until may be SCENARIO_FOREVER */
	uint32_t guest, display; /* where the kind has them */
	union {
		struct {
			struct scenario_match match;
			uint64_t min, max; /* expect, count: frames in the window; max may be
					      UINT64_MAX */
		} frames;
		struct {
			struct scenario_match match;
			uint64_t mean_ns; /* 0: not checked */
			double tolerance; /* of the mean, as a fraction */
			uint64_t min_ns, max_ns,
				jitter_ns; /* 0: not checked; jitter: std deviation */
			uint64_t at_least; /* frames that must have come */
		} period;
		struct {
			uint32_t index; /* in scenario.signals.defs; SIGNAL_NONE: not there */
			const struct sigmap_entry *signal; /* of a signal map, or NULL; neither
							      where files were not read */
			uint32_t bus; /* of the map's */
			double min, max; /* physical */
			bool always; /* every value in the window; else one of them is enough */
		} signal;
		struct {
			const char *regex; /* POSIX extended */
			const char *port; /* NULL: any; "serial" is COM1 */
		} console;
		struct {
			uint32_t index; /* in scenario.signals.defs */
			double rise, fall; /* most a second; HUGE_VAL: not checked */
			uint64_t over_ns; /* values closer than this are not compared */
		} gradient;
		struct {
			uint32_t n;
			const struct scenario_event *events;
		} order;
		struct {
			struct scenario_event from, to;
			uint64_t max_ns, min_ns; /* from the cause to its first effect */
			uint64_t at_least; /* causes that there must be */
		} latency;
		struct {
			const char *checkpoint; /* which picture */
			const char *reference; /* PNG; NULL for not_blank */
			bool has_region;
			struct display_rect region;
			uint8_t threshold; /* channel difference that still counts as equal */
			double max_different; /* fraction of the pixels */
		} screen;
		struct {
			const char *reason; /* "poweroff", ...; NULL: any but a crash */
		} exit;
		struct {
			struct scenario_match match; /* chime: what it follows */
			const struct scenario_event
				*event; /* the same; not NULL: in place of `match` */
			uint32_t stream; /* index in the guest's sounds */
			uint32_t channel; /* from 1; 0: any of them */
			double hz; /* 0: whatever sounds */
			double tolerance; /* of hz, as a fraction */
			bool has_db;
			double db, db_tolerance;
			double floor_db; /* what is quieter is silence */
			double min_db, max_db; /* level */
			uint64_t for_ns; /* tone: at least so long */
			uint64_t every_ns; /* level: of each such piece */
			uint64_t longest_ns; /* gapless: of a silence */
			uint64_t delay_ns, early_ns; /* chime: at most so late, or early */
		} sound;
		struct {
			uint32_t index; /* in scenario.scripts */
		} script;
	} u;
};

/* --- the time of day --------------------------------------------------------------------- */

struct scenario_utc {
	bool given; /* else the host's */
	int64_t start_ns; /* since 1970, at bench time 0; goes on with the bench clock */
};

/* A guest's receiver, with its signals found. */
struct scenario_receiver {
	uint32_t guest;
	struct gnss_config cfg;
};

/* --- the whole --------------------------------------------------------------------------- */

struct scenario {
	struct scenario_audio audio;
	const char *path, *dir; /* the file and the folder it lies in */
	const char *name, *description;
	uint64_t duration_ns;
	enum scenario_end end_when;
	uint64_t seed;
	const char *out_dir; /* relative to the working directory; the command line may override */
	enum scenario_ui ui;
	struct scenario_panel panel;
	struct scenario_cpus bench_cpus; /* of the bench's own processes */
	struct scenario_utc utc; /* what the guests' clocks show */
	uint32_t n_guests, n_buses, n_networks, n_replays, n_actions, n_checks;
	uint32_t n_faults; /* faults and loads, numbered from 0 */
	const struct scenario_guest *guests;
	const struct scenario_bus *buses;
	const struct scenario_network *networks;
	struct signal_model signals;
	uint32_t n_receivers;
	const struct scenario_receiver *receivers; /* of guests with `gnss`, in their order */
	uint32_t n_scripts;
	const struct scenario_script *scripts;
	const struct scenario_replay *replays;
	const struct scenario_action *actions; /* by time; equal times in file order */
	const struct scenario_check *checks; /* file order, then the implicit no_crash ones */
};

struct scenario_opts {
	/* "NAME=value" words of `--set`, which fill ${NAME} in the file. Borrowed. */
	const char *const *sets;
	size_t n_sets;
	/* Images that `builtin:NAME` may name, NULL at the end; NULL: any name will do. Borrowed.
	 */
	const char *const *images;
	bool no_env; /* ${NAME} does not look into the environment */
	bool no_files; /* named files are not looked for (fuzzing, editors) */
};

/*
 * Reads and checks a scenario file. All errors and warnings are written to `report` (NULL: to
 * nobody), each with file:line:column, the line and carets; in colour when it is a terminal.
 * `opts` may be NULL. Set-up code: blocks on files, allocates.
 * 0: *out is the caller's; -EINVAL: the scenario is wrong (it was reported); another -errno:
 * the file cannot be read (it was reported too). *out stays untouched on failure.
 */
MUST_CHECK int scenario_load(
	const char *path, const struct scenario_opts *opts, FILE *report, struct scenario **out);
/* The same from memory; `path` names it in messages and its folder is where files are sought. */
MUST_CHECK int scenario_load_text(const char *text, size_t len, const char *path,
	const struct scenario_opts *opts, FILE *report, struct scenario **out);
/* NULL is legal. */
void scenario_free(struct scenario *s);

/* "expect", "forbid", ... as in the file; "send", "key", ...; "classic", ... for bit 0, 1, ... */
const char *scenario_check_kind_name(enum scenario_check_kind k);
/* The i-th event that a check is about; NULL beyond the last. */
const struct scenario_event *scenario_check_event(const struct scenario_check *c, uint32_t i);
const char *scenario_op_name(enum scenario_op op);
/* "drop", ...; NULL beyond the last kind. */
const char *scenario_fault_name(enum scenario_fault kind);
/* Whether an action is carried out with the frames of its moment, in their order. */
bool scenario_op_on_bus(enum scenario_op op);
const char *scenario_can_feature_name(unsigned int bit);

unsigned int scenario_num_cpus(const struct scenario_cpus *c);
bool scenario_has_cpu(const struct scenario_cpus *c, unsigned int cpu);
/* 0 where the pages are the host's usual ones. */
uint64_t scenario_huge_bytes(enum scenario_huge_pages h);

/* The stream "GUEST.STREAM"; false: there is none, and `near` is the one that may be meant, or "".
 */
#define SCENARIO_STREAM_TEXT 160
bool scenario_stream(const struct scenario *s, const char *path, uint32_t *guest, uint32_t *stream,
	char near[SCENARIO_STREAM_TEXT]);

/* The context identifier of a guest; 0 where it has no vsock device. */
uint32_t scenario_vsock_cid(const struct scenario *s, uint32_t guest);

/*
 * Reads a frame as people write it: `123#DEADBEEF`, `18DAF110##1AABB` (FD, flags nibble first),
 * `123#R` or `123#R8` (RTR), `123#DE.AD.BE.EF`. Three digits: an 11-bit identifier, eight: 29-bit.
 * Pure. 0, or -EINVAL with a message.
 */
MUST_CHECK int scenario_parse_frame(const char *text, struct scenario_frame *out, struct err *e);
/* Name of a key ("enter", "KEY_ENTER", "a", "f5") to KEY_*; 0 when there is none. Pure. */
uint16_t scenario_key_code(const char *name);

/* A guest's console by its name, "serial" for COM1: that name as the scenario keeps it, or NULL. */
const char *scenario_port(const struct scenario_guest *g, const char *name);
/* The console that a person means who names none: the last `console=` of the command line that the
 * guest has, else COM1, else its first port. NULL when it has none. */
const char *scenario_console_port(const struct scenario_guest *g);

/* Writes the reference page (docs/scenario-reference.md), generated from the schema tables. */
void scenario_print_reference(FILE *f);
