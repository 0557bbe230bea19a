/* SPDX-License-Identifier: Apache-2.0 */
/* dyno-audio's first message: what is read, and what is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/audio/manifest.h"

#define DEVICE                                                                               \
	"{\"guest\":\"ivi\",\"fd\":0,\"wake\":1,\"streams\":["                               \
	"{\"name\":\"media\",\"ring\":2,\"role\":\"Music\",\"volume\":800,\"record\":true}," \
	"{\"name\":\"mic\",\"direction\":\"capture\",\"ring\":3}]}"

static struct audio_manifest m;

static int parse(const char *text, size_t nfds, struct err *e)
{
	json_t *o = json_loads(text, 0, NULL);
	int rc;

	assert_non_null(o);
	*e = (struct err){ 0 };
	rc = audio_manifest_parse(o, nfds, &m, e);
	json_decref(o);
	return rc;
}

static void test_a_whole_manifest_is_read(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(parse("{\"manifest\":1,\"backend\":\"pulse\",\"record\":\"out\","
			       "\"devices\":[" DEVICE "],\"focus\":[{\"when\":\"ivi.media\","
			       "\"duck\":[\"ivi.mic\"],\"db\":20,\"hold_ms\":300}]}",
				 4, &e),
		0);
	assert_int_equal(m.server, AUDIO_PULSE);
	assert_int_equal(m.n_streams, 2);
	assert_int_equal(m.stream[0].volume_milli, 800);
	assert_true(m.stream[0].record);
	assert_int_equal(m.stream[1].direction, PCM_CAPTURE);
	assert_int_equal(m.stream[1].ring, 3);
	assert_int_equal(m.n_focus, 1);
	assert_int_equal(m.focus[0].duck, 1);
	assert_true(m.focus[0].gain > 0.099f && m.focus[0].gain < 0.101f);
	assert_int_equal(audio_manifest_find(&m, "ivi.mic"), 1);
	assert_int_equal(audio_manifest_find(&m, "ivi.mi"), -1);
	assert_int_equal(audio_manifest_find(&m, "ivimedia"), -1);
}

static void test_what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "{\"manifest\":2,\"devices\":[]}", "manifest" },
		{ "{\"manifest\":1}", "devices" },
		{ "{\"manifest\":1,\"backend\":\"alsa\",\"devices\":[]}", "alsa" },
		{ "{\"manifest\":1,\"devices\":[{\"guest\":\"g\",\"fd\":4,\"wake\":1,"
		  "\"streams\":[]}]}",
			"fd" },
		{ "{\"manifest\":1,\"devices\":[{\"guest\":\"g\",\"fd\":0,\"wake\":1,"
		  "\"streams\":[]}]}",
			"streams" },
		{ "{\"manifest\":1,\"devices\":[" DEVICE "],\"focus\":[{\"when\":\"ivi.x\","
		  "\"duck\":[\"ivi.mic\"],\"db\":1,\"hold_ms\":1}]}",
			"pair" },
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(parse(bad[i].text, 4, &e) < 0);
		assert_non_null(strstr(e.text, bad[i].says));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_manifest_is_read),
		cmocka_unit_test(test_what_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
