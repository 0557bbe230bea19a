/* SPDX-License-Identifier: Apache-2.0 */
/* Shares and vhost-user devices of guests: what the keys mean, and what is said about wrong ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/scenario/scenario.h"

#define HEAD "duration: 1s\nguests:\n  g:\n    kernel: builtin:hello\n"

static struct scenario *load(const char *text, bool files, char **report)
{
	const struct scenario_opts opts = { .no_files = !files, .no_env = true };
	struct scenario *s = NULL;
	size_t len = 0;
	FILE *f = open_memstream(report, &len);
	int rc;

	assert_non_null(f);
	rc = scenario_load_text(text, strlen(text), "/tmp/car.yaml", &opts, f, &s);
	fclose(f);
	assert_int_equal(rc == 0, s != NULL);
	return s;
}

static void test_a_share_has_defaults(void **state)
{
	char *report;
	struct scenario *s = load(HEAD
		"    shares: [{tag: media, path: data}, {tag: nine, path: /srv, type: 9p, "
		"read_only: true}]\n",
		false, &report);
	const struct scenario_share *sh;

	(void)state;
	assert_non_null(s);
	assert_int_equal(s->guests[0].n_shares, 2);
	sh = s->guests[0].shares;
	assert_string_equal(sh[0].tag, "media");
	assert_string_equal(sh[0].path, "/tmp/data");
	assert_int_equal(sh[0].type, SCENARIO_SHARE_VIRTIOFS);
	assert_int_equal(sh[0].cache, SCENARIO_CACHE_AUTO);
	assert_int_equal(sh[0].confine, SCENARIO_CONFINE_AUTO);
	assert_false(sh[0].read_only);
	assert_string_equal(sh[1].path, "/srv");
	assert_int_equal(sh[1].type, SCENARIO_SHARE_9P);
	assert_true(sh[1].read_only);
	scenario_free(s);
	free(report);
}

static void test_a_folder_is_resolved_and_must_be_there(void **state)
{
	char *report;
	struct scenario *s =
		load(HEAD "    shares: [{tag: a, path: ../tmp/../usr}]\n", true, &report);

	(void)state;
	assert_non_null(s);
	assert_string_equal(s->guests[0].shares[0].path, "/usr");
	scenario_free(s);
	free(report);
	assert_null(load(HEAD "    shares: [{tag: a, path: /no/such}]\n", true, &report));
	assert_non_null(strstr(report, "names \"/no/such\": No such file or directory"));
	free(report);
	assert_null(load(HEAD "    shares: [{tag: a, path: /etc/passwd}]\n", true, &report));
	assert_non_null(strstr(report, "which is not a folder"));
	free(report);
}

static void test_a_device_of_another_program_has_defaults(void **state)
{
	char *report;
	struct scenario *s = load(HEAD "    vhost_user: [{id: 2, socket: run/blk.sock, "
				       "config_bytes: 60, name: root}]\n",
		false, &report);
	const struct scenario_vhost_user *v;

	(void)state;
	assert_non_null(s);
	v = s->guests[0].vhost_user;
	assert_int_equal(v->id, 2);
	assert_string_equal(v->socket, "/tmp/run/blk.sock");
	assert_string_equal(v->name, "root");
	assert_int_equal(v->queues, 1);
	assert_int_equal(v->queue_size, 256);
	assert_int_equal(v->config_bytes, 60);
	assert_null(v->config);
	scenario_free(s);
	free(report);
}

static void test_wrong_keys_are_told(void **state)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "shares: [{path: /srv}]", "needs \"tag\"" },
		{ "shares: [{tag: a, path: ''}]", "needs the name of a folder" },
		{ "shares: [{tag: a, path: /a}, {tag: a, path: /b}]",
			"has two with the tag \"a\"" },
		{ "shares: [{tag: a, path: /a, type: 9p, cache: none}]", "needs `type: virtiofs`" },
		{ "shares: [{tag: a, path: /a, type: 9p, confine: none}]",
			"needs `type: virtiofs`" },
		{ "vhost_user: [{id: 2}]", "needs \"socket\"" },
		{ "vhost_user: [{id: 64, socket: /s}]", "64" },
		{ "vhost_user: [{id: 2, socket: /s, queue_size: 100}]", "not a power of 2" },
		{ "vhost_user: [{id: 2, socket: /s, config: \"0g\"}]", "is not a list of bytes" },
		{ "vhost_user: [{id: 2, socket: /s, config: \"00\", config_bytes: 4}]",
			"not with `config`" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		char text[512], *report;

		snprintf(text, sizeof(text), HEAD "    %s\n", wrong[i].text);
		assert_null(load(text, false, &report));
		if (!strstr(report, wrong[i].says))
			fail_msg("\"%s\" does not say \"%s\"", report, wrong[i].says);
		free(report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_share_has_defaults),
		cmocka_unit_test(test_a_folder_is_resolved_and_must_be_there),
		cmocka_unit_test(test_a_device_of_another_program_has_defaults),
		cmocka_unit_test(test_wrong_keys_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
