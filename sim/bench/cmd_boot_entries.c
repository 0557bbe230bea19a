/* SPDX-License-Identifier: Apache-2.0 */
/* `dyno boot-entries`: what can be booted from a disk image. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "sim/bench/commands.h"
#include "sim/bench/disk.h"
#include "sim/bench/json_text.h"
#include "sim/bench/lines.h"
#include "sim/bootdisk/job.h"

enum { O_JSON = 1 };

static const struct cli_option options[] = {
	{ "json", O_JSON, 'j', NULL, "as JSON, with the arguments' full length" },
};

/* The image's own words: nothing of them reaches the terminal as it is. */
static void show(const char *label, const char *text)
{
	char line[4096];

	if (!text || !text[0])
		return;
	(void)lines_printable(line, sizeof(line), text, strlen(text));
	printf("    %-8s %s\n", label, line);
}

static void print_list(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *en = json_array_get(list, i);
		const json_t *initrd = json_object_get(en, "initrd");
		char title[1024];

		(void)lines_printable(title, sizeof(title), json_member_text(en, "title"),
			strlen(json_member_text(en, "title")));
		printf("%c %zu  %s\n", json_is_true(json_object_get(en, "default")) ? '*' : ' ', i,
			title);
		show("id", json_member_text(en, "id"));
		show("kernel", json_member_text(en, "kernel"));
		for (size_t k = 0; k < json_array_size(initrd); k++)
			show("initrd", json_string_value(json_array_get(initrd, k)));
		show("options", json_member_text(en, "options"));
		show("on", json_member_text(en, "where"));
	}
}

static int print_found(const struct disk *d, bool as_json, struct err *e)
{
	char export_name[DISK_EXPORT_NAME];
	CLEANUP_FD int sock = disk_is_nbd(d) ? disk_connect_reader(d, export_name, e) : -1;
	struct boot_job job = { .image_fd = disk_is_nbd(d) ? sock : d->fd,
		.nbd_export = disk_is_nbd(d) ? export_name : NULL,
		.letter = 'a',
		.list_only = true };
	struct boot_found f = { .kernel_fd = -1, .initrd_fd = -1 };
	int rc = job.image_fd < 0 ? job.image_fd : boot_job_run(&job, &f, e);

	if (rc)
		return rc;
	if (as_json) {
		json_dumpf(f.list, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_list(f.list);
	}
	boot_found_fini(&f);
	return 0;
}

/* What qemu-nbd has to say. */
static void print_line(void *ctx, const char *text, size_t len)
{
	char line[1024];

	(void)ctx;
	(void)lines_printable(line, sizeof(line), text, MIN(len, sizeof(line) / 4 - 1));
	fprintf(stderr, "%s\n", line);
}

/* As a run opens it: what is not raw is served by qemu-nbd, at a socket in a folder of its own. */
static int list_image(const char *path, bool as_json)
{
	bool is_uri = disk_is_uri(path);
	struct scenario_disk sd = { .file = is_uri ? NULL : path,
		.uri = is_uri ? path : NULL,
		.format = is_uri ? SCENARIO_FORMAT_RAW : scenario_format_of(path),
		.read_only = true,
		.queues = 1 };
	char dir[] = "/tmp/dyno-boot-XXXXXX", text[1024];
	struct service_set services;
	struct ev_loop *loop = NULL;
	struct err e = { .text = "" };
	struct disk d;
	int rc;

	disk_clear(&d);
	if (!mkdtemp(dir) || ev_loop_new(&loop)) {
		fprintf(stderr, "dyno boot-entries: cannot make a folder in /tmp: %m\n");
		return EXIT_HOST;
	}
	services_init(&services, loop);
	services.line = print_line;
	rc = disk_open(&d, &sd, &services, "image", dir, &e);
	if (!rc)
		rc = print_found(&d, as_json, &e);
	disk_close(&d);
	services_fini(&services);
	ev_loop_free(loop);
	(void)rmdir(dir);
	if (!rc)
		return EXIT_PASS;
	(void)lines_printable(text, sizeof(text), e.text, strlen(e.text));
	fprintf(stderr, "dyno boot-entries: %s: %s\n", path, text);
	return EXIT_BAD_INPUT;
}

static int run(const struct cli_command *self, int argc, char **argv)
{
	struct err e = { .text = "" };
	const char *image = NULL;
	bool as_json = false;
	struct cli c;
	int item;

	log_init("dyno", LOG_WARN);
	cli_start(&c, self, argc, argv);
	while ((item = cli_next(&c, &e)) != CLI_END) {
		if (item == CLI_HELP) {
			cli_help(self, stdout);
			return EXIT_PASS;
		}
		if (item == CLI_WORD && image)
			item = err_set(&e, CLI_BAD, "one image at a time");
		if (item == CLI_BAD)
			return cli_complain(self, &e);
		if (item == CLI_WORD)
			image = c.value;
		else
			as_json = true;
	}
	if (!image) {
		(void)err_set(&e, 0, "name a disk image");
		return cli_complain(self, &e);
	}
	return list_image(image, as_json);
}

const struct cli_command cmd_boot_entries = {
	.name = "boot-entries",
	.args = "IMAGE",
	.summary = "Lists what can be booted from a disk image; * is its own choice.",
	.text = "Boot Loader Specification entries, GRUB's menu, or /boot/vmlinuz, on FAT and ext2/3/4, with\n"
		"a GPT, an MBR or no partition table. IMAGE is a raw image, a block device, an image\n"
		"of another format (.qcow2, .vmdk, .vhdx, .vhd; by qemu-nbd), or nbd://HOST/EXPORT.\n"
		"Nothing is mounted and nothing is written.\n\n"
		"examples:\n"
		"  dyno boot-entries debian.img\n"
		"  dyno vm --disk debian.img --entry '*recovery*'\n",
	.options = options,
	.options_n = ARRAY_SIZE(options),
	.run = run,
};
