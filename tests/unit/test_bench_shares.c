/* SPDX-License-Identifier: Apache-2.0 */
/* Shared folders as the bench starts them: what a server lets a guest do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "sim/bench/shares.h"

/* ---- a 9P2000.L client of the few messages that this needs ---- */

enum { TLCREATE = 14, TVERSION = 100, TATTACH = 104, TWALK = 110, RLERROR = 7 };

struct msg {
	uint8_t b[600];
	size_t n;
};

static void put(struct msg *m, uint64_t v, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		m->b[m->n++] = (uint8_t)(v >> (8 * i));
}

static void put_text(struct msg *m, const char *s)
{
	put(m, strlen(s), 2);
	memcpy(m->b + m->n, s, strlen(s));
	m->n += strlen(s);
}

/* The type of the answer; of an Rlerror *error is its number. */
static uint8_t ask(int fd, uint8_t type, struct msg *body, uint32_t *error)
{
	struct msg m = { .n = 0 };
	uint32_t size = 0;
	uint8_t answer[600];

	put(&m, 7 + body->n, 4);
	put(&m, type, 1);
	put(&m, 1, 2);
	assert_int_equal(fd_write_all(fd, m.b, m.n), 0);
	assert_int_equal(fd_write_all(fd, body->b, body->n), 0);
	assert_int_equal(fd_read_all(fd, &size, 4), 4);
	assert_in_range(size, 7, sizeof(answer));
	assert_int_equal(fd_read_all(fd, answer, size - 4), size - 4);
	*error = 0;
	if (answer[0] == RLERROR)
		memcpy(error, answer + 3, 4);
	return answer[0];
}

/* Tries to make a file in the folder that is attached; the server's error, 0 for none. */
static uint32_t make_file(int fd, const char *folder)
{
	struct msg version = { .n = 0 }, attach = { .n = 0 }, walk = { .n = 0 },
		   create = { .n = 0 };
	uint32_t error;

	put(&version, 8192, 4);
	put_text(&version, "9P2000.L");
	assert_int_equal(ask(fd, TVERSION, &version, &error), TVERSION + 1);
	put(&attach, 1, 4);
	put(&attach, UINT32_MAX, 4);
	put_text(&attach, "root");
	put_text(&attach, folder);
	put(&attach, getuid(), 4);
	assert_int_equal(ask(fd, TATTACH, &attach, &error), TATTACH + 1);
	put(&walk, 1, 4);
	put(&walk, 2, 4);
	put(&walk, 0, 2);
	assert_int_equal(ask(fd, TWALK, &walk, &error), TWALK + 1);
	put(&create, 2, 4);
	put_text(&create, "made");
	put(&create, 0101, 4); /* O_CREAT | O_WRONLY */
	put(&create, 0644, 4);
	put(&create, 0, 4);
	(void)ask(fd, TLCREATE, &create, &error);
	return error;
}

/* ---- tests ---- */

static void share_9p(const char *name, bool read_only, uint32_t *error, bool *made)
{
	char dir[64] = "/tmp/dyno-shares-XXXXXX", folder[128], file[160], command[160];
	struct scenario_share share = { .tag = "t", .type = SCENARIO_SHARE_9P };
	struct service_set set = { 0 };
	struct ev_loop *loop;
	struct err e = { 0 };
	int fd = -1;

	assert_non_null(mkdtemp(dir));
	snprintf(folder, sizeof(folder), "%s/%s", dir, name);
	assert_int_equal(mkdir_p(folder), 0);
	share.path = folder;
	share.read_only = read_only;
	assert_int_equal(ev_loop_new(&loop), 0);
	services_init(&set, loop);
	if (share_open(&set, "g", &share, &fd, &e))
		fail_msg("%s", e.text);
	*error = make_file(fd, folder);
	fd_close(&fd);
	services_fini(&set);
	ev_loop_free(loop);
	snprintf(file, sizeof(file), "%s/made", folder);
	*made = access(file, F_OK) == 0;
	snprintf(command, sizeof(command), "rm -r '%s'", dir);
	assert_int_equal(system(command), 0);
}

static void need_diod(void)
{
	char path[512];
	struct err e;

	if (service_find("diod", "diod", path, sizeof(path), &e)) {
		print_message("skipped: %s\n", e.text);
		skip();
	}
}

static void test_a_guest_makes_no_file_in_a_folder_that_is_only_read(void **state)
{
	uint32_t error;
	bool made;

	(void)state;
	need_diod();
	share_9p("plain", true, &error, &made);
	assert_int_equal(error, 30); /* EROFS */
	assert_false(made);
	share_9p("plain", false, &error, &made);
	assert_int_equal(error, 0);
	assert_true(made);
}

static void test_a_folder_may_have_any_name(void **state)
{
	uint32_t error;
	bool made;

	(void)state;
	need_diod();
	share_9p("a \"b\\\" ]] , größer", false, &error, &made);
	assert_int_equal(error, 0);
	assert_true(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_guest_makes_no_file_in_a_folder_that_is_only_read),
		cmocka_unit_test(test_a_folder_may_have_any_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
