/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain main for fuzz targets where libFuzzer is not: runs LLVMFuzzerTestOneInput once over each
 * file of the folders (or files) given, in order of name. Exit 77 with a reason when there is none.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* A target may have one; then it runs once, first. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

#define MAX_SEED_BYTES (16u << 20)

static int replay_file(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE uint8_t *buf = NULL;
	uint8_t *exact;
	size_t len;

	if (fd < 0 || fd_slurp(fd, MAX_SEED_BYTES, &buf, &len) < 0) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return -1;
	}
	/* A block of just this size, so that a sanitizer sees a read past the end. */
	exact = malloc(len ? len : 1);
	if (!exact)
		return -1;
	if (len)
		memcpy(exact, buf, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	return 0;
}

/* Files replayed, or -1. */
static int replay(const char *path)
{
	struct dirent **names;
	struct stat st;
	int n, done = 0;

	if (stat(path, &st) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return replay_file(path) < 0 ? -1 : 1;
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		char file[PATH_MAX];

		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (done >= 0 && names[i]->d_name[0] != '.' && stat(file, &st) == 0 &&
			S_ISREG(st.st_mode))
			done = replay_file(file) < 0 ? -1 : done + 1;
		free(names[i]);
	}
	free(names);
	return done;
}

int main(int argc, char **argv)
{
	int total = 0;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		int n = replay(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	if (total == 0) {
		printf("skipped: no seed inputs in %s\n", argc > 1 ? argv[1] : "(no folder given)");
		return 77;
	}
	printf("%d inputs replayed\n", total);
	return 0;
}
