/* SPDX-License-Identifier: Apache-2.0 */
/* Booting from a disk: the table of a guest's `boot`. */
#include "sim/scenario/load.h"

#define G(field) offsetof(struct scenario_guest, field)

static const struct schema_key boot_keys[] = {
	{ .key = "disk",
		.type = &type_u32,
		.def = "0",
		.max = SCENARIO_MAX_DISKS - 1,
		.offset = G(boot_disk),
		.doc = "number of the disk in `disks`, from 0" },
	{ .key = "entry",
		.type = &type_string,
		.min = 1,
		.max = 150,
		.offset = G(boot_entry),
		.doc = "which entry: its number, id or title, or a pattern of them (`*recovery*`); without it the "
		       "one that the image itself would boot. `dyno boot-entries IMAGE` lists them" },
};

const struct schema schema_boot = {
	.keys = boot_keys,
	.n_keys = ARRAY_SIZE(boot_keys),
	.short_key = "disk",
	.doc = "Boots what the disk's own boot loader would: kernel, RAM disk and arguments are read from the "
	       "image (GPT, MBR or no table; FAT and ext2/3/4) by its Boot Loader Specification entries, its "
	       "grub.cfg, or /boot/vmlinuz. `cmdline` is added to the arguments. Implied by disks without a "
	       "kernel.",
};

void boot_check(struct bind *b, const struct node *n, struct scenario_guest *g)
{
	bool kernel = node_get(n, "kernel"), boot = node_get(n, "boot");

	if (kernel && boot) {
		bind_key_error(b, n, "boot", "excludes \"kernel\": one of them is what it boots");
		return;
	}
	if (kernel)
		return;
	if (!boot && !g->n_disks) {
		bind_item_error(b, n,
			"needs \"kernel\" (what it boots), or \"disks\" of which the first one boots");
		return;
	}
	if (g->boot_disk >= g->n_disks)
		bind_key_error(
			b, n, "boot", "names disk %u: the guest has %u", g->boot_disk, g->n_disks);
	if (g->initrd)
		bind_key_error(b, n, "initrd", "goes with \"kernel\": the disk has its own");
	g->boot_from_disk = true;
}
