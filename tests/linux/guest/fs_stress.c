/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random work on a mounted file system against a model in memory: what is read must be what was
 * written, names must be those that were made. `fs_stress FOLDER SEED OPERATIONS [mmap]`; the seed
 * makes it the same every time. Ends with exit status 1 and a line about the first difference.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (256 * 1024)
#define NAMES    24

static uint64_t state;
static unsigned long step;
static uint8_t model[FILE_MAX], buf[FILE_MAX];
static size_t model_len;
static int fd = -1;
static bool may_map;
static uint32_t names[NAMES]; /* what lies in file number i; 0: there is none */

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static _Noreturn void differs(const char *what)
{
	printf("step %lu: %s: %s\n", step, what, strerror(errno));
	exit(1);
}

static void demand(bool ok, const char *what)
{
	if (!ok)
		differs(what);
}

/* ---- one file, its bytes ---- */

static void compare(const uint8_t *got, size_t at, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++) {
		if (got[i] != model[at + i]) {
			printf("step %lu: %s: byte %zu is %02x, not %02x\n", step, what, at + i,
				got[i], model[at + i]);
			exit(1);
		}
	}
}

static void extend(size_t to)
{
	if (to > model_len) {
		memset(model + model_len, 0, to - model_len);
		model_len = to;
	}
}

static void write_some(void)
{
	size_t at = draw(FILE_MAX - 1), n = 1 + draw(draw(2) ? 512 : 65536);

	if (n > FILE_MAX - at)
		n = FILE_MAX - at;
	extend(at);
	for (size_t i = 0; i < n; i++)
		model[at + i] = (uint8_t)draw(256);
	if (at + n > model_len)
		model_len = at + n;
	demand(pwrite(fd, model + at, n, (off_t)at) == (ssize_t)n, "write");
}

static void read_some(void)
{
	size_t at = draw(FILE_MAX), n = 1 + draw(65536);
	size_t want = at < model_len ? model_len - at : 0;
	ssize_t got = pread(fd, buf, n, (off_t)at);

	demand(got == (ssize_t)(n < want ? n : want), "length of a read");
	compare(buf, at, (size_t)got, "read");
}

static void cut(void)
{
	size_t to = draw(FILE_MAX);

	demand(ftruncate(fd, (off_t)to) == 0, "truncate");
	extend(to);
	model_len = to;
}

static void map_some(void)
{
	uint8_t *p;
	size_t at, n;

	if (!may_map || model_len == 0)
		return;
	at = draw((uint32_t)model_len);
	n = 1 + draw(8192);
	if (n > model_len - at)
		n = model_len - at;
	p = mmap(NULL, model_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	demand(p != MAP_FAILED, "mmap");
	compare(p + at, at, n, "map");
	for (size_t i = 0; i < n; i++)
		p[at + i] = model[at + i] = (uint8_t)draw(256);
	demand(msync(p, model_len, MS_SYNC) == 0, "msync");
	demand(munmap(p, model_len) == 0, "munmap");
}

static void open_again(void)
{
	struct stat st;

	demand(fsync(fd) == 0, "fsync");
	demand(close(fd) == 0, "close");
	fd = open("data", O_RDWR | O_CLOEXEC);
	demand(fd >= 0, "open");
	demand(fstat(fd, &st) == 0 && (size_t)st.st_size == model_len, "size");
}

/* ---- many files, their names ---- */

static const char *name_of(uint32_t i)
{
	static char text[4][32];
	static unsigned int next;
	char *t = text[next++ % 4];

	snprintf(t, sizeof(text[0]), "dir%u/name-%u", i % 3, i);
	return t;
}

static void expect(uint32_t i)
{
	uint32_t got = 0;
	int f = open(name_of(i), O_RDONLY | O_CLOEXEC);

	if (!names[i]) {
		demand(f < 0 && errno == ENOENT, "a file that was not made");
		return;
	}
	demand(f >= 0, "a file that was made");
	demand(read(f, &got, sizeof(got)) == (ssize_t)sizeof(got) && got == names[i],
		"what lies in a file");
	close(f);
}

static void change_names(void)
{
	uint32_t a = draw(NAMES), b = draw(NAMES);
	int f;

	switch (draw(4)) {
	case 0:
		names[a] = 1 + draw(1u << 30);
		f = open(name_of(a), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		demand(f >= 0 && write(f, &names[a], 4) == 4 && close(f) == 0, "create");
		break;
	case 1:
		demand((unlink(name_of(a)) == 0) == (names[a] != 0), "unlink");
		names[a] = 0;
		break;
	case 2:
		demand((rename(name_of(a), name_of(b)) == 0) == (names[a] != 0), "rename");
		if (names[a] && a != b) {
			names[b] = names[a];
			names[a] = 0;
		}
		break;
	default:
		expect(a);
		expect(b);
	}
}

static void list(void)
{
	uint32_t dir = draw(3), want = 0, got = 0;
	char path[8];
	DIR *d;

	snprintf(path, sizeof(path), "dir%u", dir);
	d = opendir(path);
	demand(d, "opendir");
	for (struct dirent *e; (e = readdir(d));)
		got += e->d_name[0] != '.';
	closedir(d);
	for (uint32_t i = dir; i < NAMES; i += 3)
		want += names[i] != 0;
	demand(got == want, "names in a folder");
}

int main(int argc, char **argv)
{
	static void (*const steps[])(void) = { write_some, write_some, read_some, read_some, cut,
		map_some, open_again, change_names, change_names, change_names, list };
	unsigned long n;

	if (argc < 4)
		return 2;
	state = strtoull(argv[2], NULL, 0) * 2654435761u + 88172645463325252u;
	n = strtoul(argv[3], NULL, 0);
	may_map = argc > 4 && strcmp(argv[4], "mmap") == 0;
	demand(chdir(argv[1]) == 0, "chdir");
	for (uint32_t i = 0; i < 3; i++) {
		char path[8];

		snprintf(path, sizeof(path), "dir%u", i);
		demand(mkdir(path, 0755) == 0, "mkdir");
	}
	fd = open("data", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	demand(fd >= 0, "create");
	for (step = 0; step < n; step++)
		steps[draw(sizeof(steps) / sizeof(steps[0]))]();
	open_again();
	demand(pread(fd, buf, sizeof(buf), 0) == (ssize_t)model_len, "the last read");
	compare(buf, 0, model_len, "the last read");
	for (uint32_t i = 0; i < NAMES; i++)
		expect(i);
	printf("%lu operations as expected\n", n);
	return 0;
}
