/* SPDX-License-Identifier: Apache-2.0 */
/* Reading DBC text, and signals in and out of payloads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>

#include "sim/dbc/dbc.h"

struct fix {
	struct diags d;
	struct dbc *db;
};

static void read_text(struct fix *f, const char *text)
{
	*f = (struct fix){ .db = NULL };
	assert_int_equal(dbc_parse(&f->db, "x.dbc", text, strlen(text), &f->d, NULL), 0);
}

/* The same where the text is right. */
static void read_good(struct fix *f, const char *text)
{
	read_text(f, text);
	if (f->d.n)
		fail_msg("offset %zu: %s", f->d.list[0].off, f->d.list[0].text);
}

static void done(struct fix *f)
{
	dbc_free(f->db);
	diag_fini(&f->d);
}

static const struct dbc_signal *sig(const struct fix *f, const char *name)
{
	struct err e = { "" };
	const struct dbc_signal *s = dbc_signal_named(f->db, name, &e);

	if (!s)
		fail_msg("%s", e.text);
	return s;
}

/* The n-th message, as "line:column: level: text". */
static void assert_told(struct fix *f, size_t n, const char *want)
{
	static const char *const levels[] = { "error", "warning" };
	uint32_t line, column;
	char have[600];

	assert_true(n < f->d.n);
	line = diag_line(f->d.list[n].src, f->d.list[n].off, &column);
	(void)snprintf(have, sizeof(have), "%u:%u: %s: %s", line, column,
		levels[f->d.list[n].level], f->d.list[n].text);
	if (strncmp(have, want, strlen(want)) != 0)
		fail_msg("told: %s\nnot:  %s", have, want);
}

#define HEAD "VERSION \"\"\nNS_ :\n\tCM_\n\tBA_\n\nBS_:\nBU_: ECU Gateway\n"

/* ---- reading ---- */

static void test_a_message_and_its_signals_are_read(void **state)
{
	const struct dbc_signal *s;
	const struct dbc_message *m;
	struct fix f;

	(void)state;
	read_good(&f, HEAD "BO_ 291 Engine: 8 ECU\n"
			   " SG_ Rpm : 0|16@1+ (0.25,0) [0|8000] \"rpm\" Gateway,Cluster\n"
			   " SG_ Temp : 23|8@0- (1,-40) [-40|215] \"degC\" Vector__XXX\n"
			   "\n"
			   "CM_ SG_ 291 Rpm \"Crank \\\"shaft\\\"\nspeed\";\n"
			   "VAL_ 291 Temp -1 \"off\" 5 \"warm\" ;\n");
	assert_int_equal(f.db->n_messages, 1);
	assert_int_equal(f.db->n_nodes, 2);
	m = dbc_find(f.db, 0x123);
	assert_non_null(m);
	assert_string_equal(m->name, "Engine");
	assert_string_equal(m->senders[0], "ECU");
	s = sig(&f, "Rpm");
	assert_int_equal(s->n_receivers, 2);
	assert_string_equal(s->receivers[1], "Cluster");
	assert_string_equal(s->unit, "rpm");
	assert_string_equal(s->comment, "Crank \"shaft\"\nspeed");
	assert_true(s->scale == 0.25 && s->max == 8000);
	s = sig(&f, "Engine.Temp");
	assert_true(s->big_endian);
	assert_int_equal(s->type, DBC_SIGNED);
	assert_int_equal(s->n_receivers, 0);
	assert_string_equal(dbc_value_name(s, -1), "off");
	assert_null(dbc_value_name(s, 0));
	done(&f);
}

static void test_attributes_have_their_values_and_defaults(void **state)
{
	const struct dbc_message *m;
	const char *text = NULL;
	struct fix f;
	double v;

	(void)state;
	read_good(&f, HEAD
		"BO_ 1 A: 8 ECU\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" ECU\n"
		"BO_ 2 B: 16 ECU\n"
		"BA_DEF_ BO_ \"GenMsgCycleTime\" INT 0 65535;\n"
		"BA_DEF_ BO_ \"VFrameFormat\" ENUM \"StandardCAN\",\"ExtendedCAN\",\"StandardCAN_FD\";\n"
		"BA_DEF_ SG_ \"GenSigStartValue\" FLOAT 0 100;\n"
		"BA_DEF_ SG_ \"SystemSignalLongSymbol\" STRING ;\n"
		"BA_DEF_REL_ BU_SG_REL_ \"Timeout\" INT 0 1;\n"
		"BA_DEF_DEF_ \"GenMsgCycleTime\" 100;\n"
		"BA_DEF_DEF_ \"VFrameFormat\" \"StandardCAN\";\n"
		"BA_DEF_DEF_REL_ \"Timeout\" 0;\n"
		"BA_ \"GenMsgCycleTime\" BO_ 1 20;\n"
		"BA_ \"VFrameFormat\" BO_ 2 2;\n"
		"BA_ \"GenSigStartValue\" SG_ 1 S 7;\n"
		"BA_ \"SystemSignalLongSymbol\" SG_ 1 S \"ALongName\";\n"
		"BA_REL_ \"Timeout\" BU_SG_REL_ ECU SG_ 1 S 500;\n");
	m = dbc_find_message(f.db, "A");
	assert_int_equal(m->cycle_ms, 20);
	assert_false(m->fd);
	assert_true(dbc_attr_text(f.db, m->attrs, DBC_MESSAGE, "VFrameFormat", &text));
	assert_string_equal(text, "StandardCAN");
	m = dbc_find_message(f.db, "B");
	assert_int_equal(m->cycle_ms, 100);
	assert_true(m->fd && m->brs);
	assert_true(sig(&f, "ALongName")->has_start);
	assert_int_equal(sig(&f, "A.S")->start_raw, 7);
	assert_string_equal(sig(&f, "A.S")->name, "ALongName");
	assert_true(
		dbc_attr_number(f.db, sig(&f, "A.S")->attrs, DBC_SIGNAL, "GenSigStartValue", &v));
	assert_string_equal(sig(&f, "A.S")->attrs->node, "ECU");
	assert_false(dbc_attr_number(f.db, m->attrs, DBC_MESSAGE, "Nothing", &v));
	done(&f);
}

static void test_statements_may_come_in_any_order(void **state)
{
	struct fix f;

	(void)state;
	read_good(&f, "CM_ BO_ 5 \"early\";\nBA_ \"C\" BO_ 5 3;\nBA_DEF_DEF_ \"C\" 1;\n"
		      "BA_DEF_ BO_ \"C\" INT;\nBO_ 5 M: 8 X\n");
	assert_string_equal(f.db->messages[0].comment, "early");
	assert_true(f.db->messages[0].attrs->number == 3);
	done(&f);
}

static void test_everything_wrong_is_told_with_its_place_and_the_rest_is_used(void **state)
{
	struct fix f;

	(void)state;
	read_text(&f, "VERSION \"\"\n"
		      "BO_ 1 A: 8 X\n"
		      " SG_ One : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      " SG_ Two : 0|8@3+ (1,0) [0|0] \"\" X\n"
		      " SG_ Three 0|8@1+ (1,0) [0|0] \"\" X\n"
		      "BO_ nine B: 8 X\n"
		      " SG_ Lost : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      "SOMETHING else\n"
		      "BO_ 99999999999999999999999999 Huge: 8 X\n"
		      "BO_ 2 C: 8 X\n"
		      " SG_ Four : 8|8@1+ (1,0) [0|0] \"\" X\n"
		      "CM_ SG_ 1 Nobody \"?\";\n"
		      "CM_ \"it does not end;\n");
	assert_int_equal(f.db->n_messages, 2);
	assert_int_equal(f.db->messages[0].n_signals, 1);
	assert_int_equal(f.db->messages[1].n_signals, 1);
	assert_int_equal(f.d.errors, 6);
	assert_told(&f, 0, "4:16: error: at most 1 is possible here");
	assert_told(&f, 1, "5:12: error: not M, m and a number, or both: '0'");
	assert_told(&f, 2, "6:5: error: a number is missing before 'nine'");
	assert_told(&f, 3, "8:1: error: no statement of a DBC file: 'SOMETHING'");
	assert_told(&f, 4, "9:5: error: at most 4294967295 is possible here");
	assert_told(&f, 5, "12:11: warning: message A has no signal Nobody");
	assert_told(&f, 6, "13:5: error: the text does not end");
	done(&f);
}

static void test_dialects_are_read_with_a_warning(void **state)
{
	struct fix f;

	(void)state;
	read_text(&f, "BO_ 1 2017_5: 8 X\n"
		      " SG_ S : 0|8@1+ (.25,-5e1) [0|1.] \"\" X\n"
		      "CM_ SG_ 1 \"of nobody\";\n"
		      "CM_ 1 \"of nobody\";\n"
		      "CM_ \"no semicolon\"\n"
		      "BO_ 419360305 E: 8 X\n"
		      "BO_ 1 Again: 8 X\n");
	assert_int_equal(f.d.errors, 0);
	assert_told(&f, 0, "1:7: warning: the name is no identifier");
	assert_told(&f, 1, "6:5: warning: 0x18feee31 has more than 11 bits, but not bit 31");
	assert_told(&f, 2, "7:5: warning: the identifier 1 is message 2017_5's (line 1) already");
	assert_told(&f, 3, "3:5: warning: a comment of nothing");
	assert_told(&f, 4, "4:5: warning: a comment of nothing");
	assert_told(&f, 5, "5:18: warning: ';' is missing behind this");
	assert_true(sig(&f, "S")->scale == 0.25 && sig(&f, "S")->offset == -50);
	assert_string_equal(dbc_find(f.db, 0x18feee31 | CAN_EFF_FLAG)->name, "E");
	assert_string_equal(dbc_find(f.db, 1)->name, "2017_5");
	assert_non_null(dbc_find_message(f.db, "Again"));
	done(&f);
}

static void test_text_is_utf8_whatever_the_file_is(void **state)
{
	struct fix f;

	(void)state;
	read_good(&f, "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\xb0"
		      "C \x80\" X\n");
	assert_string_equal(sig(&f, "S")->unit, "\xc2\xb0"
						"C \xe2\x82\xac");
	done(&f);
	read_good(&f, "\xef\xbb\xbf"
		      "BO_ 1 A: 8 X\r\n SG_ S : 0|8@1+ (1,0) [0|0] \"\xc2\xb0"
		      "C\" X\r\n");
	assert_string_equal(sig(&f, "S")->unit, "\xc2\xb0"
						"C");
	done(&f);
}

static void test_long_fields_and_odd_identifiers_keep_their_place(void **state)
{
	struct dbc_sample out[2];
	uint8_t data[64] = { 0 };
	struct fix f;

	(void)state;
	read_text(&f, "BO_ 1 A: 64 X\n SG_ Text : 8|200@1+ (1,0) [0|0] \"\" X\n"
		      " SG_ N : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      "BO_ 4294967295 Bad: 8 X\n SG_ N2 : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      "BO_ 3221225472 VECTOR__INDEPENDENT_SIG_MSG: 0 Vector__XXX\n"
		      " SG_ Free : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      "CM_ SG_ 4294967295 N2 \"known, though left out\";\n");
	assert_int_equal(f.db->n_messages, 1);
	assert_told(&f, 0, "4:5: error: 0xffffffff is no identifier");
	assert_int_equal(f.d.n, 1);
	assert_int_equal(dbc_decode(&f.db->messages[0], data, 64, out), 1);
	assert_false(out[0].present);
	assert_true(f.db->messages[0].fd);
	done(&f);
}

/* ---- bits ---- */

/* Bit by bit, from the definition. */
static uint64_t slow_get(const uint8_t *data, uint32_t start, uint32_t bits, bool big)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < bits; i++) {
		uint32_t at = big ? (start & ~7u) + (7 - start % 8) + i : start + bits - 1 - i;
		uint32_t bit = big ? 7 - at % 8 : at % 8;

		v = v << 1 | (data[at / 8] >> bit & 1);
	}
	return v;
}

static void test_every_place_and_length_is_read_and_written_exactly(void **state)
{
	uint8_t data[16], copy[16];
	char text[256];

	(void)state;
	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 151 + 77);
	for (uint32_t start = 0; start < 64; start++) {
		for (uint32_t bits = 1; bits <= 64; bits++) {
			for (int big = 0; big < 2; big++) {
				const struct dbc_signal *s;
				struct fix f;
				int64_t raw;

				(void)snprintf(text, sizeof(text),
					"BO_ 1 A: 16 X\n SG_ S : %u|%u@%d+ (1,0) [0|0] \"\" X\n",
					start, bits, !big);
				read_good(&f, text);
				s = sig(&f, "S");
				assert_true(dbc_get(s, data, 16, &raw));
				assert_int_equal((uint64_t)raw, slow_get(data, start, bits, big));
				/* The payload ends right behind it: nothing further is read. */
				assert_true(dbc_get(s, data, s->end, &raw));
				assert_int_equal((uint64_t)raw, slow_get(data, start, bits, big));
				assert_false(dbc_get(s, data, s->end - 1u, &raw));
				memset(copy, 0, sizeof(copy));
				assert_int_equal(dbc_put(s, copy, 16, raw), 0);
				assert_int_equal(slow_get(copy, start, bits, big), (uint64_t)raw);
				memcpy(copy, data, sizeof(copy));
				assert_int_equal(dbc_put(s, copy, 16, raw), 0);
				assert_memory_equal(copy, data, sizeof(copy));
				done(&f);
			}
		}
	}
}

static void test_physical_values_are_scaled_rounded_and_bounded(void **state)
{
	uint8_t data[8] = { 0 };
	struct fix f;
	int64_t raw;

	(void)state;
	read_good(&f, "BO_ 1 A: 8 X\n SG_ S : 0|8@1- (0.5,10) [0|0] \"\" X\n"
		      " SG_ U : 8|8@1+ (1,0) [0|0] \"\" X\n SG_ F : 32|32@1- (2,1) [0|0] \"\" X\n"
		      "SIG_VALTYPE_ 1 F : 1;\n");
	assert_int_equal(dbc_raw(sig(&f, "S"), -54, &raw), 0);
	assert_int_equal(raw, -128);
	assert_int_equal(dbc_raw(sig(&f, "S"), -54.5, &raw), -ERANGE);
	assert_int_equal(dbc_raw(sig(&f, "S"), 73.5, &raw), 0);
	assert_int_equal(raw, 127);
	assert_int_equal(dbc_raw(sig(&f, "U"), 255.4, &raw), 0);
	assert_int_equal(raw, 255);
	assert_int_equal(dbc_raw(sig(&f, "U"), 256, &raw), -ERANGE);
	assert_int_equal(dbc_raw(sig(&f, "U"), NAN, &raw), -EINVAL);
	assert_int_equal(dbc_put(sig(&f, "U"), data, 8, 256), -ERANGE);
	assert_int_equal(dbc_put(sig(&f, "S"), data, 8, -129), -ERANGE);
	assert_int_equal(dbc_raw(sig(&f, "F"), 4, &raw), 0);
	assert_int_equal(dbc_put(sig(&f, "F"), data, 8, raw), 0);
	assert_int_equal(raw, 0x3fc00000); /* 1.5 */
	assert_true(dbc_physical(sig(&f, "F"), raw) == 4.0);
	done(&f);
}

/* ---- multiplexing ---- */

#define MUXED                                         \
	"BO_ 1 A: 8 X\n"                              \
	" SG_ Low m1 : 16|8@1+ (1,0) [0|0] \"\" X\n"  \
	" SG_ Sel M : 0|8@1+ (1,0) [0|0] \"\" X\n"    \
	" SG_ Sub m2M : 8|8@1+ (1,0) [0|0] \"\" X\n"  \
	" SG_ Deep m5 : 16|8@1+ (1,0) [0|0] \"\" X\n" \
	" SG_ Free : 56|8@1+ (1,0) [0|0] \"\" X\n"    \
	"SG_MUL_VAL_ 1 Sub Sel 2-4, 9-9;\n"           \
	"SG_MUL_VAL_ 1 Deep Sub 5-6;\n"

static void test_only_what_the_selectors_choose_is_present(void **state)
{
	struct dbc_sample o[5];
	struct fix f;

	(void)state;
	read_good(&f, MUXED);
	assert_int_equal(dbc_decode(f.db->messages, (uint8_t[8]){ 1, 5, 7 }, 8, o), 3);
	assert_true(o[0].present && o[1].present && o[4].present);
	assert_int_equal(dbc_decode(f.db->messages, (uint8_t[8]){ 9, 6, 7 }, 8, o), 4);
	assert_true(o[2].present && o[3].present && o[3].value == 7);
	assert_int_equal(dbc_decode(f.db->messages, (uint8_t[8]){ 3, 4, 7 }, 8, o), 3);
	assert_false(o[3].present);
	/* Short payloads have less. */
	assert_int_equal(dbc_decode(f.db->messages, (uint8_t[8]){ 9, 6 }, 2, o), 2);
	assert_int_equal(dbc_decode(f.db->messages, NULL, 0, o), 0);
	done(&f);
}

static void test_encoding_sets_the_selectors_that_were_not_given(void **state)
{
	struct dbc_sample in[5] = { { .present = false } };
	uint8_t data[8] = { 0 };
	struct err e = { "" };
	struct fix f;

	(void)state;
	read_good(&f, MUXED);
	in[3] = (struct dbc_sample){ .present = true, .raw = 77 };
	assert_int_equal(dbc_encode(f.db->messages, in, data, 8, &e), 0);
	assert_memory_equal(data, ((uint8_t[8]){ 2, 5, 77 }), 8);
	/* One that chooses it stays as it is. */
	data[0] = 4;
	assert_int_equal(dbc_encode(f.db->messages, in, data, 8, &e), 0);
	assert_int_equal(data[0], 4);
	in[1] = (struct dbc_sample){ .present = true, .raw = 1 };
	assert_int_equal(dbc_encode(f.db->messages, in, data, 8, &e), -EINVAL);
	assert_string_equal(e.text, "A.Deep is not in a payload in which Sub has the value given: "
				    "another selector value, or another signal");
	in[1].present = false;
	in[0] = in[3];
	assert_int_equal(dbc_encode(f.db->messages, in, data, 8, &e), -EINVAL);
	in[0] = (struct dbc_sample){ .present = true, .raw = 256 };
	in[3].present = false;
	assert_int_equal(dbc_encode(f.db->messages, in, data, 8, &e), -ERANGE);
	done(&f);
}

static void test_selectors_in_a_circle_are_told_and_broken(void **state)
{
	struct dbc_sample o[3];
	struct fix f;

	(void)state;
	read_text(&f, "BO_ 1 A: 8 X\n SG_ P m1M : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      " SG_ Q m1M : 8|8@1+ (1,0) [0|0] \"\" X\n"
		      " SG_ R m0 : 16|8@1+ (1,0) [0|0] \"\" X\n"
		      "SG_MUL_VAL_ 1 P Q 0-0;\nSG_MUL_VAL_ 1 Q P 0-0;\n");
	assert_true(f.d.errors >= 1);
	assert_true(dbc_decode(f.db->messages, (uint8_t[8]){ 0 }, 8, o) >= 1);
	done(&f);
}

/* ---- finding ---- */

static void test_j1939_messages_are_found_by_their_group(void **state)
{
	struct fix f;

	(void)state;
	read_good(&f, "BO_ 2364540158 EEC1: 8 X\nBO_ 2364539904 TSC1: 8 X\n"
		      "BA_DEF_ \"ProtocolType\" STRING ;\nBA_DEF_DEF_ \"ProtocolType\" \"\";\n"
		      "BA_ \"ProtocolType\" \"J1939\";\n");
	/* 0xCF004FE; sent by 0x00 with another priority. */
	assert_string_equal(dbc_match(f.db, 0x18f00400 | CAN_EFF_FLAG)->name, "EEC1");
	assert_null(dbc_find(f.db, 0x18f00400 | CAN_EFF_FLAG));
	assert_null(dbc_match(f.db, 0x18f00500 | CAN_EFF_FLAG));
	assert_null(dbc_match(f.db, 0x400));
	assert_int_equal(dbc_pgn(0x18f00400), 0xf004);
	assert_int_equal(dbc_pgn(0x18ea55fe), 0xea00);
	done(&f);
}

static void test_a_signal_that_several_messages_have_needs_the_message(void **state)
{
	struct err e = { "" };
	struct fix f;

	(void)state;
	read_good(&f, "BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n"
		      "BO_ 2 B: 8 X\n SG_ S : 0|8@1+ (1,0) [0|0] \"\" X\n");
	assert_null(dbc_signal_named(f.db, "S", &e));
	assert_string_equal(e.text, "several messages have a signal 'S': A.S, B.S");
	assert_ptr_equal(sig(&f, "B.S"), &f.db->messages[1].signals[0]);
	assert_null(dbc_signal_named(f.db, "A.T", &e));
	assert_string_equal(e.text, "x.dbc: message A has no signal 'T'");
	assert_null(dbc_signal_named(f.db, "T", &e));
	done(&f);
}

static void test_start_values_make_the_first_payload(void **state)
{
	uint8_t data[2] = { 9, 9 };
	struct fix f;

	(void)state;
	read_good(&f,
		"BO_ 1 A: 2 X\n SG_ S : 0|8@1+ (2,0) [0|0] \"\" X\n SG_ T : 8|8@1+ (1,0) [0|0] \"\" X\n"
		"BA_DEF_ SG_ \"GenSigStartValue\" INT 0 100;\nBA_DEF_DEF_ \"GenSigStartValue\" 0;\n"
		"BA_ \"GenSigStartValue\" SG_ 1 S 7;\n");
	dbc_start_payload(f.db->messages, data);
	assert_memory_equal(data, ((uint8_t[2]){ 7, 0 }), 2);
	done(&f);
}

/* ---- lint ---- */

static void test_lint_finds_what_is_legal_and_wrong(void **state)
{
	struct fix f;

	(void)state;
	read_good(&f, "BU_: ECU Idle\n"
		      "VAL_TABLE_ Unused 1 \"x\" ;\n"
		      "BO_ 1 A: 2 ECU\n"
		      " SG_ P : 0|8@1+ (1,0) [0|300] \"\" ECU\n"
		      " SG_ Q : 7|8@0+ (1,0) [0|0] \"\" ECU\n"
		      " SG_ R : 8|9@1+ (1,0) [0|0] \"\" Nobody\n"
		      "BO_ 2 A: 9 ECU\n");
	dbc_lint(f.db, &f.d);
	assert_int_equal(f.d.errors, 2);
	for (size_t i = 0, found = 0; i <= f.d.n; i++) {
		static const char *const want[] = { "overlaps P",
			"reaches to byte 3 of a message of 2",
			"the receiver Nobody of R is not in BU_",
			"A is the name of message 0x1, too", "A has 9 bytes and no signals",
			"A has 9 bytes, and CAN FD frames have", "the limits [0|300] go beyond",
			"the node Idle neither", "no signal has the values",
			"the file has no cycle times" };

		if (i == f.d.n) {
			assert_int_equal(found, ARRAY_SIZE(want));
			break;
		}
		for (size_t k = 0; k < ARRAY_SIZE(want); k++)
			found += strncmp(f.d.list[i].text, want[k], strlen(want[k])) == 0;
	}
	done(&f);
}

static void test_signals_that_exclude_each_other_may_share_bits(void **state)
{
	struct fix f;

	(void)state;
	read_good(&f,
		"BO_ 1 A: 2 X\n SG_ M1 M : 0|8@1+ (1,0) [0|0] \"\" X\n"
		" SG_ P m0 : 8|8@1+ (1,0) [0|0] \"\" X\n SG_ Q m1 : 8|8@1+ (1,0) [0|0] \"\" X\n");
	dbc_lint(f.db, &f.d);
	assert_int_equal(f.d.errors, 0);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_message_and_its_signals_are_read),
		cmocka_unit_test(test_attributes_have_their_values_and_defaults),
		cmocka_unit_test(test_statements_may_come_in_any_order),
		cmocka_unit_test(test_everything_wrong_is_told_with_its_place_and_the_rest_is_used),
		cmocka_unit_test(test_dialects_are_read_with_a_warning),
		cmocka_unit_test(test_text_is_utf8_whatever_the_file_is),
		cmocka_unit_test(test_long_fields_and_odd_identifiers_keep_their_place),
		cmocka_unit_test(test_every_place_and_length_is_read_and_written_exactly),
		cmocka_unit_test(test_physical_values_are_scaled_rounded_and_bounded),
		cmocka_unit_test(test_only_what_the_selectors_choose_is_present),
		cmocka_unit_test(test_encoding_sets_the_selectors_that_were_not_given),
		cmocka_unit_test(test_selectors_in_a_circle_are_told_and_broken),
		cmocka_unit_test(test_j1939_messages_are_found_by_their_group),
		cmocka_unit_test(test_a_signal_that_several_messages_have_needs_the_message),
		cmocka_unit_test(test_start_values_make_the_first_payload),
		cmocka_unit_test(test_lint_finds_what_is_legal_and_wrong),
		cmocka_unit_test(test_signals_that_exclude_each_other_may_share_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
