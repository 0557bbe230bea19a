/* SPDX-License-Identifier: Apache-2.0 */
/* Guest images; see images.h. */
#include "sim/bench/images.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/bench/child.h"

#define IMAGE_DIRS 3
#define IMAGES_MAX 256

static const char suffix[] = ".elf";

struct dirs {
	char path[IMAGE_DIRS][640]; /* "" where there is none */
};

static struct dirs find_dirs(void)
{
	const char *given = getenv("DYNO_GUESTS");
	struct dirs d;
	char own[512];

	child_own_dir(own, sizeof(own));
	snprintf(d.path[0], sizeof(d.path[0]), "%s", given ? given : "");
	snprintf(d.path[1], sizeof(d.path[1]), "%s/../guests", own);
	snprintf(d.path[2], sizeof(d.path[2]), "%s/../share/dyno/guests", own);
	return d;
}

int image_open(const char *name, struct err *e)
{
	struct dirs d = find_dirs();

	for (size_t i = 0; i < IMAGE_DIRS; i++) {
		char path[1200];
		int fd;

		if (!d.path[i][0])
			continue;
		snprintf(path, sizeof(path), "%s/%.200s%s", d.path[i], name, suffix);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return err_set(e, -ENOENT,
		"the guest image \"%s\" is not there: build the target `guests`, or set "
		"DYNO_GUESTS to the folder with %s.elf (looked in %s and %s)",
		name, name, d.path[1], d.path[2]);
}

/* Adds the images of a folder; false without memory. */
static bool add_dir(const char *path, char **list, size_t *n)
{
	DIR *dir = path[0] ? opendir(path) : NULL;
	bool ok = true;

	for (struct dirent *en = dir ? readdir(dir) : NULL; en && ok; en = readdir(dir)) {
		size_t len = strlen(en->d_name), cut = sizeof(suffix) - 1;

		if (len <= cut || strcmp(en->d_name + len - cut, suffix) != 0 || *n == IMAGES_MAX)
			continue;
		list[*n] = strndup(en->d_name, len - cut);
		ok = list[*n] != NULL;
		*n += ok;
	}
	if (dir)
		closedir(dir);
	return ok;
}

char **images_list(void)
{
	char **list = calloc(IMAGES_MAX + 1, sizeof(*list));
	struct dirs d = find_dirs();
	bool ok = list != NULL;
	size_t n = 0;

	for (size_t i = 0; ok && i < IMAGE_DIRS; i++)
		ok = add_dir(d.path[i], list, &n);
	if (ok && n)
		return list;
	images_free(list);
	return NULL;
}

void images_free(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}
