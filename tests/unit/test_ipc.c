/* SPDX-License-Identifier: Apache-2.0 */
/* Packets with descriptors, and JSON objects in packets. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "base/json.h"

static int s[2];

static int setup(void **state)
{
	(void)state;
	return ipc_pair(s, 0);
}

static int teardown(void **state)
{
	(void)state;
	fd_close(&s[0]);
	fd_close(&s[1]);
	return 0;
}

/* Lowest free descriptor: equal before and after when nothing leaked. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void test_a_packet_and_its_descriptors_arrive_whole(void **state)
{
	int out[2] = { memfd_create("a", 0), memfd_create("b", 0) }, in[4];
	size_t n = 0;
	char buf[16];

	(void)state;
	assert_int_equal(write(out[1], "hello", 5), 5);
	assert_int_equal(ipc_send(s[0], "packet", 6, out, 2), 0);
	assert_int_equal(ipc_recv(s[1], buf, sizeof(buf), in, 4, &n), 6);
	assert_int_equal(n, 2);
	assert_int_equal(fd_size(in[1]), 5);
	assert_true(fcntl(in[0], F_GETFD) & FD_CLOEXEC);
	ipc_close_fds(in, n);
	ipc_close_fds(out, 2);
}

static void test_a_packet_too_long_for_the_buffer_is_an_error_and_leaks_nothing(void **state)
{
	int out = memfd_create("a", 0), in[1], before = lowest_free();
	size_t n = 9;
	char buf[4];

	(void)state;
	assert_int_equal(ipc_send(s[0], "packet", 6, &out, 1), 0);
	assert_int_equal(ipc_recv(s[1], buf, sizeof(buf), in, 1, &n), -EMSGSIZE);
	assert_int_equal(lowest_free(), before);
	close(out);
}

static void test_more_descriptors_than_expected_are_closed(void **state)
{
	int out[3] = { memfd_create("a", 0), memfd_create("b", 0), memfd_create("c", 0) }, in[1];
	int before = lowest_free();
	size_t n = 0;
	char buf[8];

	(void)state;
	assert_int_equal(ipc_send(s[0], "x", 1, out, 3), 0);
	assert_int_equal(ipc_recv(s[1], buf, sizeof(buf), in, 1, &n), -EMSGSIZE);
	assert_int_equal(lowest_free(), before);
	assert_int_equal(ipc_send(s[0], "x", 1, out, 3), 0);
	assert_int_equal(ipc_recv(s[1], buf, sizeof(buf), NULL, 0, NULL), 1);
	assert_int_equal(lowest_free(), before);
	ipc_close_fds(out, 3);
}

static void test_the_end_of_the_peer_is_not_an_error(void **state)
{
	char buf[8];

	(void)state;
	fd_close(&s[0]);
	assert_int_equal(ipc_recv(s[1], buf, sizeof(buf), NULL, 0, NULL), 0);
	assert_int_equal(ipc_send(s[1], "x", 1, NULL, 0), -EPIPE);
}

static void test_empty_packets_cannot_be_sent(void **state)
{
	(void)state;
	assert_int_equal(ipc_send(s[0], "", 0, NULL, 0), -EINVAL);
}

static void test_an_empty_packet_ends_and_its_descriptors_are_closed(void **state)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} c = { .bytes = { 0 } };
	struct iovec v = { .iov_base = &c, .iov_len = 0 };
	struct msghdr m = { .msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = c.bytes,
		.msg_controllen = sizeof(c.bytes) };
	int out = memfd_create("a", 0), in[1], before = lowest_free();
	size_t n = 9;
	char buf[8];

	(void)state;
	c.align = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS
	};
	memcpy(CMSG_DATA(&c.align), &out, sizeof(out));
	assert_int_equal(sendmsg(s[0], &m, 0), 0);
	assert_int_equal(ipc_recv(s[1], buf, sizeof(buf), in, 1, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(lowest_free(), before);
	close(out);
}

static void test_json_objects_travel_and_other_packets_are_refused(void **state)
{
	json_t *msg = NULL;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(json_msg_send_take(s[0], json_pack("{s:i}", "n", 5), NULL, 0), 0);
	assert_int_equal(json_msg_recv(s[1], &msg, NULL, 0, NULL, &e), 1);
	assert_int_equal(json_integer_value(json_object_get(msg, "n")), 5);
	json_decref(msg);
	assert_int_equal(ipc_send(s[0], "[1]", 3, NULL, 0), 0);
	assert_int_equal(json_msg_recv(s[1], &msg, NULL, 0, NULL, &e), -EBADMSG);
	assert_int_equal(ipc_send(s[0], "{\"a\":1,\"a\":2}", 13, NULL, 0), 0);
	assert_int_equal(json_msg_recv(s[1], &msg, NULL, 0, NULL, &e), -EBADMSG);
	assert_int_equal(ipc_send(s[0], "{", 1, NULL, 0), 0);
	assert_int_equal(json_msg_recv(s[1], &msg, NULL, 0, NULL, &e), -EBADMSG);
}

static void test_json_fields_are_checked_and_named(void **state)
{
	json_t *o = json_pack(
		"{s:i,s:s,s:b,s:[i],s:f}", "n", -3, "s", "text", "b", 1, "a", 1, "f", 1.5);
	struct err e = { 0 };
	uint64_t u = 77;
	int64_t i = 0;
	const char *text = NULL;
	double d = 0;
	bool b = false;
	json_t *list = NULL;

	(void)state;
	assert_int_equal(json_get_u64(o, "n", JSON_REQUIRED, 0, 9, &u, &e), -EINVAL);
	assert_non_null(strstr(e.text, "\"n\" is -3"));
	assert_int_equal(json_get_i64(o, "n", JSON_REQUIRED, -5, 9, &i, &e), 0);
	assert_int_equal(i, -3);
	assert_int_equal(json_get_u64(o, "f", JSON_REQUIRED, 0, 9, &u, &e), -EINVAL);
	assert_int_equal(json_get_u64(o, "none", JSON_REQUIRED, 0, 9, &u, &e), -EINVAL);
	assert_non_null(strstr(e.text, "\"none\" is missing"));
	assert_int_equal(json_get_u64(o, "none", JSON_OPTIONAL, 0, 9, &u, &e), 0);
	assert_int_equal(u, 77);
	assert_int_equal(json_get_double(o, "f", JSON_REQUIRED, &d, &e), 0);
	assert_true(d == 1.5);
	assert_int_equal(json_get_double(o, "n", JSON_REQUIRED, &d, &e), 0);
	assert_true(d == -3);
	assert_int_equal(json_get_double(o, "s", JSON_REQUIRED, &d, &e), -EINVAL);
	assert_int_equal(json_get_double(o, "none", JSON_OPTIONAL, &d, &e), 0);
	assert_true(d == -3);
	assert_int_equal(json_get_str(o, "s", JSON_REQUIRED, &text, &e), 0);
	assert_string_equal(text, "text");
	assert_int_equal(json_get_str(o, "b", JSON_REQUIRED, &text, &e), -EINVAL);
	assert_int_equal(json_get_bool(o, "b", JSON_REQUIRED, &b, &e), 0);
	assert_true(b);
	assert_int_equal(json_get_array(o, "a", JSON_REQUIRED, &list, &e), 0);
	assert_int_equal(json_get_object(o, "a", JSON_REQUIRED, &list, &e), -EINVAL);
	json_decref(o);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_a_packet_and_its_descriptors_arrive_whole),
		T(test_a_packet_too_long_for_the_buffer_is_an_error_and_leaks_nothing),
		T(test_more_descriptors_than_expected_are_closed),
		T(test_the_end_of_the_peer_is_not_an_error),
		T(test_empty_packets_cannot_be_sent),
		T(test_an_empty_packet_ends_and_its_descriptors_are_closed),
		T(test_json_objects_travel_and_other_packets_are_refused),
		T(test_json_fields_are_checked_and_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
