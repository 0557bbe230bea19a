/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno vm`: one guest from the command line, its console on the terminal. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/bench.h"
#include "sim/bench/commands.h"
#include "sim/bench/disk.h"
#include "sim/bench/images.h"
#include "sim/bench/vm_text.h"
#include "sim/scenario/scenario.h"

enum {
	O_KERNEL = 1,
	O_INITRD,
	O_APPEND,
	O_ENTRY,
	O_DISK,
	O_NET,
	O_CAN,
	O_SHARE,
	O_9P,
	O_VSOCK,
	O_BALLOON,
	O_CPUS,
	O_MEMORY,
	O_DISPLAY,
	O_HEADLESS,
	O_CONSOLE,
	O_SERIAL,
	O_NAME,
	O_OUT,
	O_PRINT,
	O_LOG_LEVEL,
	O_NO_SANDBOX
};

static const struct cli_option options[] = {
	{ "kernel", O_KERNEL, 'k', "FILE",
		"bzImage, ELF with a PVH note, or builtin:NAME; without it the first disk boots" },
	{ "initrd", O_INITRD, 'i', "FILE", "initial RAM disk" },
	{ "append", O_APPEND, 'a', "TEXT",
		"kernel command line; console=... is added where it has none" },
	{ "params", O_APPEND, 'p', "TEXT", "the same as --append" },
	{ "entry", O_ENTRY, 0, "NAME",
		"boot entry of the first disk: number, id, title or pattern (dyno boot-entries)" },
	{ "disk", O_DISK, 'd', "FILE[,...]", "a disk; can be repeated (see below)" },
	{ "net", O_NET, 'n', "KIND[,...]",
		"a network card; can be repeated (default: user; see below)" },
	{ "network", O_NET, 0, "KIND[,...]", "the same as --net" },
	{ "can", O_CAN, 0, "IF[,direct]|bus[=NAME]",
		"a CAN controller on a host interface or on a bus of its own" },
	{ "share", O_SHARE, 0, "DIR,TAG[,ro]",
		"a folder that the guest mounts by virtiofs; can be repeated" },
	{ "9p", O_9P, 0, "DIR,TAG[,ro]", "a folder that it mounts by 9p" },
	{ "vsock", O_VSOCK, 0, "CID", "a socket device with this context identifier" },
	{ "balloon", O_BALLOON, 0, NULL, "a memory balloon, for `dyno ctl balloon`" },
	{ "cpus", O_CPUS, 'c', "N", "1 to 8 (default: 1)" },
	{ "memory", O_MEMORY, 'm', "SIZE", "512M, 2G; a plain number is MiB (default: 512M)" },
	{ "mem", O_MEMORY, 0, "SIZE", "the same as --memory" },
	{ "display", O_DISPLAY, 0, "WxH|none",
		"a window with keyboard and pointer (default: none)" },
	{ "headless", O_HEADLESS, 0, NULL, "no window for --display" },
	{ "console", O_CONSOLE, 0, "PORT", "virtio (hvc0) or serial (COM1, the default)" },
	{ "serial", O_SERIAL, 0, NULL, "the same as --console serial" },
	{ "name", O_NAME, 0, "NAME", "of the guest (default: vm)" },
	{ "out", O_OUT, 'o', "DIR", "control socket, log, figures (default: out-NAME)" },
	{ "print-scenario", O_PRINT, 0, NULL, "prints the scenario that this is, and ends" },
	{ "log-level", O_LOG_LEVEL, 'l', "LEVEL", "error, warn, info or debug (default: warn)" },
	{ "no-sandbox", O_NO_SANDBOX, 0, NULL, "dyno-vm keeps its rights (for debuggers)" },
};

struct args {
	struct vm_opts vm;
	struct bench_opts bench;
	/* Each has room for all of argv. */
	const char **disks, **nets, **cans, **shares, **shares_9p;
	bool no_net, print;
	char out_dir[SCENARIO_NAME_MAX + 8]; /* where none is named */
};

/* Where an option's text goes as it is; NULL: it is another kind of option. */
static const char **text_of(struct args *a, int id)
{
	switch (id) {
	case O_KERNEL:
		return &a->vm.kernel;
	case O_INITRD:
		return &a->vm.initrd;
	case O_APPEND:
		return &a->vm.append;
	case O_ENTRY:
		return &a->vm.entry;
	case O_VSOCK:
		return &a->vm.vsock;
	case O_CPUS:
		return &a->vm.cpus;
	case O_MEMORY:
		return &a->vm.memory;
	case O_DISPLAY:
		return &a->vm.display;
	case O_NAME:
		return &a->vm.name;
	case O_OUT:
		return &a->bench.out_dir;
	default:
		return NULL;
	}
}

/* An option that can be repeated; false: it is none. */
static bool add_to_list(struct args *a, int id, const char *value)
{
	switch (id) {
	case O_DISK:
		a->disks[a->vm.n_disks++] = value;
		return true;
	case O_NET:
		if (strcmp(value, "none") == 0 || strcmp(value, "mode=none") == 0)
			a->no_net = true;
		else
			a->nets[a->vm.n_nets++] = value;
		return true;
	case O_CAN:
		a->cans[a->vm.n_cans++] = value;
		return true;
	case O_SHARE:
		a->shares[a->vm.n_shares++] = value;
		return true;
	case O_9P:
		a->shares_9p[a->vm.n_shares_9p++] = value;
		return true;
	default:
		return false;
	}
}

static int set_option(struct args *a, int id, const char *value, struct err *e)
{
	const char **text = text_of(a, id);

	if (text)
		*text = value;
	if (text || add_to_list(a, id, value))
		return 0;
	switch (id) {
	case O_BALLOON:
		a->vm.balloon = true;
		break;
	case O_HEADLESS:
		a->bench.windows = BENCH_WINDOWS_OFF;
		break;
	case O_CONSOLE:
		a->vm.console = strcmp(value, "virtio") == 0 ? "hvc0" : value;
		break;
	case O_SERIAL:
		a->vm.console = SCENARIO_PORT_SERIAL;
		break;
	case O_PRINT:
		a->print = true;
		break;
	case O_LOG_LEVEL:
		a->bench.log_level = value;
		return cli_log_level(value, e);
	case O_NO_SANDBOX:
		a->bench.no_sandbox = true;
		break;
	default:
		break;
	}
	return 0;
}

/* Before it starts: what is not as harmless as a scenario's defaults, and how to get out. */
static void announce(const struct scenario *s, const struct args *a)
{
	const struct scenario_guest *g = &s->guests[0];

	for (uint32_t i = 0; i < g->n_disks; i++) {
		const struct scenario_disk *d = &g->disks[i];

		if (d->read_only)
			continue;
		if (d->overlay == SCENARIO_OVERLAY_NONE)
			fprintf(stderr,
				"dyno: the guest's changes go into %s (overlay=memory keeps "
				"it as it is)\n",
				disk_name(d));
		else if (d->overlay == SCENARIO_OVERLAY_MEMORY)
			fprintf(stderr, "dyno: the guest's changes to %s are lost at its end\n",
				disk_name(d));
	}
	fprintf(stderr, "dyno: %s starts; `dyno ctl --socket %s` controls it%s\n", g->name,
		a->bench.out_dir,
		isatty(STDIN_FILENO) ? ", Ctrl-A X ends it, Ctrl-A H shows the keys" : "");
}

static int run_text(struct args *a, const char *text)
{
	char **images = images_list();
	struct scenario_opts so = { .images = (const char *const *)images };
	struct scenario *s;
	int rc = scenario_load_text(text, strlen(text), "(dyno vm)", &so, stderr, &s), status;

	images_free(images);
	if (rc)
		return EXIT_BAD_INPUT;
	snprintf(a->out_dir, sizeof(a->out_dir), "out-%s", s->guests[0].name);
	if (!a->bench.out_dir)
		a->bench.out_dir = a->out_dir;
	if (a->print) {
		fputs(text, stdout);
		status = EXIT_PASS;
	} else {
		announce(s, a);
		status = bench_run(s, &a->bench);
	}
	scenario_free(s);
	return status;
}

static int start(const struct cli_command *self, struct args *a)
{
	static const char *const user[] = { "user" };
	CLEANUP_FREE char *text = NULL;
	struct err e = { .text = "" };

	a->vm.disks = a->disks;
	a->vm.nets = a->nets;
	a->vm.cans = a->cans;
	a->vm.shares = a->shares;
	a->vm.shares_9p = a->shares_9p;
	if (a->no_net && a->vm.n_nets) {
		(void)err_set(&e, 0, "--net none excludes other networks");
		return cli_complain(self, &e);
	}
	if (!a->no_net && !a->vm.n_nets) {
		a->vm.nets = user;
		a->vm.n_nets = 1;
	}
	a->bench.console = a->vm.console;
	if (!a->vm.kernel && !a->vm.n_disks) {
		(void)err_set(&e, 0, "name a kernel or a disk: --kernel FILE, --disk FILE");
		return cli_complain(self, &e);
	}
	if (vm_text(&a->vm, &text, &e))
		return cli_complain(self, &e);
	return run_text(a, text);
}

/* Options that can be repeated. */
#define LISTS 5

/* `lists` has room for LISTS * words words. */
static int read_and_run(
	const struct cli_command *self, int argc, char **argv, const char **lists, size_t words)
{
	struct args a = { .vm = { .name = "vm", .console = SCENARIO_PORT_SERIAL },
		.bench = { .log_level = "warn", .quiet = true, .exec_ns = clock_now_ns() } };
	struct err e = { .text = "" };
	struct cli c;
	int item;

	log_init("dyno", LOG_WARN);
	a.disks = lists;
	a.nets = lists + words;
	a.cans = lists + 2 * words;
	a.shares = lists + 3 * words;
	a.shares_9p = lists + 4 * words;
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == CLI_HELP) {
			cli_help(self, stdout);
			return EXIT_PASS;
		}
		if (item == CLI_WORD)
			item = err_set(&e, CLI_BAD, "%s: write --kernel %s or --disk %s", c.value,
				c.value, c.value);
		if (item == CLI_BAD || set_option(&a, item, c.value, &e))
			return cli_complain(self, &e);
	}
	return start(self, &a);
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	size_t words = (size_t)argc + 1;
	const char **lists = calloc(LISTS * words, sizeof(*lists));
	int status = lists ? read_and_run(self, argc, argv, lists, words) : EXIT_HOST;

	free(lists);
	return status;
}

const struct cli_command cmd_vm = {
	.name = "vm",
	.args = "",
	.summary = "Starts one guest without a scenario file; the terminal is its console.",
	.text = "--disk FILE[,ro][,serial=S][,queues=N][,format=F][,overlay=memory|none|FILE]\n"
		"  A raw image, a block device, an image of another format (.qcow2, .vmdk, .vhdx, .vhd)\n"
		"  or nbd://HOST/EXPORT. Without `overlay` the guest's changes go into it;\n"
		"  overlay=memory forgets them, overlay=FILE keeps them in a copy. A comma in a name\n"
		"  is written twice.\n"
		"--net user[,fwd=tcp:2222:22]...[,mac=02:00:00:00:00:01][,mtu=N][,queues=N][,restricted]\n"
		"--net tap=INTERFACE[,mac=...]\n"
		"--net none\n"
		"  Also as kvmtool writes it: mode=user, mode=tap,tapif=INTERFACE,guest_mac=...\n"
		"--can vcan0[,direct][,record=no]\n"
		"  The host's interface, over the bench or read and written by the guest's own process;\n"
		"  `--can bus` is a bus without the host, for `dyno ctl send`. Frames are written to\n"
		"  OUT/vcan0.log; without that the bench stays away from a direct interface.\n\n"
		"On a terminal, Ctrl-A begins commands: X ends, P presses the power button, R resets,\n"
		"H helps, a second Ctrl-A is the guest's. Elsewhere the console goes to stdout, and\n"
		"a pipe as stdin is typed in.\n\n"
		"The run ends when the guest turns itself off; a guest that resets starts again.\n"
		"Exit status:\n"
		"  0  it turned itself off, or was ended from the console or by `dyno ctl stop`\n"
		"  1  it crashed, or could not run\n"
		"  2  the command line is wrong\n"
		"  3  this host cannot run it\n\n"
		"examples:\n"
		"  dyno vm --disk debian.img --memory 2G\n"
		"  dyno vm --kernel bzImage --initrd initrd.gz --memory 1G --cpus 2\n"
		"  dyno vm -k bzImage -d root.img -a 'root=/dev/vda1' -n user,fwd=tcp:2222:22\n"
		"  dyno vm -k bzImage -i initrd.gz --console virtio --can vcan0 --net none\n"
		"  dyno vm -k bzImage -d root.img -p root=/dev/vda --share $PWD,work --mem 1024\n"
		"  dyno vm -k bzImage -d root.img --print-scenario > mine.yaml\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = run,
};
