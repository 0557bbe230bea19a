/* SPDX-License-Identifier: Apache-2.0 */
/* The serial port and the reset registers, register by register. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "devices/legacy/reset.h"
#include "devices/legacy/uart.h"

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

struct fix {
	struct ev_loop *loop;
	struct uart *u;
	int far; /* the other end */
	bool level;
	unsigned int edges;
};

static void irq(void *ctx, bool level)
{
	struct fix *f = ctx;

	assert_true(level != f->level);
	f->level = level;
	f->edges += level;
}

static int set_up(void **state)
{
	static struct fix f;
	struct uart_host h = { irq, &f };
	int sv[2];

	memset(&f, 0, sizeof(f));
	assert_int_equal(ev_loop_new(&f.loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	f.far = sv[1];
	assert_int_equal(fd_set_nonblock(f.far, 1), 0);
	assert_int_equal(uart_new(&f.u, f.loop, sv[0], &h), 0);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fix *f = *state;

	uart_free(f->u);
	ev_loop_free(f->loop);
	fd_close(&f->far);
	return 0;
}

static void turn(struct fix *f)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(ev_loop_turn(f->loop, 0), 0);
}

static void test_bytes_go_out_in_order_and_never_block(void **state)
{
	struct fix *f = *state;
	char buf[32];

	for (const char *s = "hello"; *s; s++) {
		assert_int_equal(uart_read(f->u, LSR) & 0x60, 0x60);
		uart_write(f->u, DATA, (uint8_t)*s);
	}
	turn(f);
	assert_int_equal(read(f->far, buf, sizeof(buf)), 5);
	assert_memory_equal(buf, "hello", 5);
}

static void test_slow_reader_costs_bytes_and_they_are_counted(void **state)
{
	struct fix *f = *state;
	struct uart_stats s;

	for (unsigned int i = 0; i < 4 * UART_TX_BYTES; i++)
		uart_write(f->u, DATA, 'x'); /* the loop does not run */
	uart_stats(f->u, &s);
	assert_int_equal(s.tx_bytes, UART_TX_BYTES);
	assert_int_equal(s.tx_dropped, 3 * UART_TX_BYTES);
	assert_int_equal(uart_read(f->u, LSR) & 0x20, 0x20);
}

static void test_reader_that_is_gone_stops_nothing(void **state)
{
	struct fix *f = *state;

	fd_close(&f->far);
	turn(f);
	uart_write(f->u, DATA, 'x');
	turn(f);
	assert_int_equal(uart_read(f->u, LSR) & 0x60, 0x60);
}

static void test_received_byte_raises_and_reading_it_lowers_the_line(void **state)
{
	struct fix *f = *state;

	uart_write(f->u, MCR, 8);
	uart_write(f->u, IER, 1);
	assert_int_equal(write(f->far, "a", 1), 1);
	turn(f);
	assert_true(f->level);
	assert_int_equal(uart_read(f->u, IIR) & 0x0f, 0x04);
	assert_int_equal(uart_read(f->u, LSR) & 1, 1);
	assert_int_equal(uart_read(f->u, DATA), 'a');
	assert_false(f->level);
	assert_int_equal(uart_read(f->u, IIR) & 0x0f, 0x01);
}

static void test_line_is_gated_by_out2(void **state)
{
	struct fix *f = *state;

	uart_write(f->u, IER, 1);
	assert_int_equal(write(f->far, "a", 1), 1);
	turn(f);
	assert_false(f->level);
	uart_write(f->u, MCR, 8);
	assert_true(f->level);
}

static void test_long_input_arrives_whole_through_the_fifo(void **state)
{
	struct fix *f = *state;
	char in[100], out[100];

	memset(in, 'q', sizeof(in));
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)('a' + i % 26);
	uart_write(f->u, IIR, 1); /* FIFO control: on */
	assert_int_equal(write(f->far, in, sizeof(in)), (ssize_t)sizeof(in));
	for (size_t i = 0; i < sizeof(out);) {
		turn(f);
		while ((uart_read(f->u, LSR) & 1) && i < sizeof(out))
			out[i++] = (char)uart_read(f->u, DATA);
	}
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(uart_read(f->u, LSR) & 2, 0); /* no overrun */
}

static void test_input_of_before_a_hang_up_is_not_lost(void **state)
{
	static const char text[] = "more bytes than the receive buffer holds";
	struct fix *f = *state;

	uart_write(f->u, IIR, 1); /* FIFOs on */
	assert_int_equal(write(f->far, text, sizeof(text)), sizeof(text));
	turn(f);
	fd_close(&f->far);
	turn(f);
	for (size_t i = 0; i < sizeof(text); i++) {
		assert_int_equal(uart_read(f->u, LSR) & 1, 1);
		assert_int_equal(uart_read(f->u, DATA), text[i]);
		turn(f);
	}
	assert_int_equal(uart_read(f->u, LSR) & 1, 0);
}

static void test_fifo_trigger_level_and_timeout_are_told_apart(void **state)
{
	struct fix *f = *state;

	uart_write(f->u, IIR, 0x41); /* on, trigger at 4 */
	uart_write(f->u, MCR, 8);
	uart_write(f->u, IER, 1);
	assert_int_equal(write(f->far, "abc", 3), 3);
	turn(f);
	assert_int_equal(uart_read(f->u, IIR), 0xcc);
	assert_int_equal(write(f->far, "d", 1), 1);
	turn(f);
	assert_int_equal(uart_read(f->u, IIR), 0xc4);
}

static void test_transmitter_interrupt_comes_on_enable_and_goes_on_identification(void **state)
{
	struct fix *f = *state;

	uart_write(f->u, MCR, 8);
	uart_write(f->u, IER, 2);
	assert_true(f->level);
	assert_int_equal(uart_read(f->u, IIR) & 0x0f, 0x02);
	assert_false(f->level);
	uart_write(f->u, DATA, 'x');
	assert_true(f->level);
}

static void test_loopback_returns_bytes_and_modem_lines(void **state)
{
	struct fix *f = *state;
	char c;

	uart_write(f->u, MCR, 0x10 | 0x0a); /* loop, RTS, OUT2 */
	assert_int_equal(uart_read(f->u, MSR) & 0xf0, 0x90);
	uart_write(f->u, DATA, 0x55);
	assert_int_equal(uart_read(f->u, LSR) & 1, 1);
	assert_int_equal(uart_read(f->u, DATA), 0x55);
	turn(f);
	assert_int_equal(read(f->far, &c, 1), -1);
}

static void test_overrun_without_fifo_is_reported_once(void **state)
{
	struct fix *f = *state;

	uart_write(f->u, MCR, 0x10);
	uart_write(f->u, DATA, 1);
	uart_write(f->u, DATA, 2);
	assert_int_equal(uart_read(f->u, LSR) & 2, 2);
	assert_int_equal(uart_read(f->u, LSR) & 2, 0);
	assert_int_equal(uart_read(f->u, DATA), 1);
}

static void test_divisor_latch_scratch_and_reset(void **state)
{
	struct fix *f = *state;

	uart_write(f->u, LCR, 0x83);
	uart_write(f->u, DATA, 1);
	uart_write(f->u, IER, 2);
	assert_int_equal(uart_read(f->u, DATA), 1);
	assert_int_equal(uart_read(f->u, IER), 2);
	uart_write(f->u, LCR, 3);
	assert_int_equal(uart_read(f->u, IER), 0);
	uart_write(f->u, SCR, 0xa5);
	assert_int_equal(uart_read(f->u, SCR), 0xa5);
	uart_reset(f->u);
	assert_int_equal(uart_read(f->u, SCR), 0);
	assert_int_equal(uart_read(f->u, LCR), 0);
}

static void test_every_register_takes_every_value(void **state)
{
	struct fix *f = *state;

	for (unsigned int reg = 0; reg < 12; reg++) {
		for (unsigned int v = 0; v < 256; v++) {
			uart_write(f->u, reg, (uint8_t)v);
			(void)uart_read(f->u, reg);
		}
	}
	turn(f);
}

static void test_drain_waits_for_a_reader_but_not_for_ever(void **state)
{
	struct fix *f = *state;
	char buf[64];

	uart_write(f->u, DATA, 'z');
	uart_drain(f->u, 1000);
	assert_int_equal(read(f->far, buf, sizeof(buf)), 1);
	for (unsigned int i = 0; i < 100 * UART_TX_BYTES; i++) {
		uart_write(f->u, DATA, 'x');
		if (i % 4096 == 0)
			turn(f);
	}
	uart_drain(f->u, 10);
}

static void test_regular_file_takes_output(void **state)
{
	struct uart_host h = { irq, *state };
	struct fix *f = *state;
	struct uart *u;
	int fd = fd_memfd("log", 16), copy = dup(fd);
	char buf[4] = { 0 };

	assert_int_equal(uart_new(&u, f->loop, fd, &h), 0);
	uart_write(u, DATA, 'o');
	uart_write(u, DATA, 'k');
	turn(f);
	assert_int_equal(pread(copy, buf, 2, 0), 2);
	assert_string_equal(buf, "ok");
	uart_free(u);
	close(copy);
}

static void test_reset_registers_say_what_the_guest_wants(void **state)
{
	struct i8042 k = { 0 };
	struct reset_control r = { 0 };
	struct sleep_control s = { .s5 = 5 };

	(void)state;
	assert_int_equal(i8042_write(&k, 4, 0xfe), RESET_RESET);
	assert_int_equal(i8042_write(&k, 4, 0xff), RESET_NOTHING);
	assert_int_equal(i8042_write(&k, 4, 0xd1), RESET_NOTHING);
	assert_int_equal(i8042_write(&k, 0, 0xfe), RESET_RESET);
	assert_int_equal(i8042_write(&k, 0, 0xfe), RESET_NOTHING);
	assert_int_equal(i8042_read(&k, 4) & 3, 0);

	assert_int_equal(reset_control_write(&r, 2), RESET_NOTHING);
	assert_int_equal(reset_control_write(&r, 6), RESET_RESET);
	assert_int_equal(reset_control_write(&r, 6), RESET_NOTHING); /* no edge */

	assert_int_equal(sleep_control_write(&s, 0, 5 << 2), RESET_NOTHING);
	assert_int_equal(sleep_control_write(&s, 0, 3 << 2 | 0x20), RESET_NOTHING);
	assert_int_equal(sleep_control_write(&s, 1, 0xff), RESET_NOTHING);
	assert_int_equal(sleep_control_write(&s, 0, 5 << 2 | 0x20), RESET_POWEROFF);
	assert_int_equal(sleep_control_read(&s, 0), 5 << 2);
}

static void test_fixed_hardware_is_in_acpi_mode_and_turns_the_machine_off(void **state)
{
	struct pm1 p = { .s5 = 5 };

	(void)state;
	assert_int_equal(pm1_read(&p, 4) & 1, 1);
	/* What is enabled reads back, else a system takes the event for broken; none happens. */
	assert_int_equal(pm1_write(&p, 2, 0x20), RESET_NOTHING);
	assert_int_equal(pm1_read(&p, 2), 0x20);
	assert_int_equal(pm1_write(&p, 0, 0xff), RESET_NOTHING);
	assert_int_equal(pm1_read(&p, 0), 0);
	assert_int_equal(pm1_write(&p, 5, 5 << 2), RESET_NOTHING);
	assert_int_equal(pm1_write(&p, 5, 3 << 2 | 0x20), RESET_NOTHING);
	assert_int_equal(pm1_write(&p, 4, 0x34), RESET_NOTHING);
	assert_int_equal(pm1_write(&p, 5, 5 << 2 | 0x20), RESET_POWEROFF);
	assert_int_equal(pm1_read(&p, 5), 5 << 2);
}

#define T(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_bytes_go_out_in_order_and_never_block),
		T(test_slow_reader_costs_bytes_and_they_are_counted),
		T(test_reader_that_is_gone_stops_nothing),
		T(test_received_byte_raises_and_reading_it_lowers_the_line),
		T(test_line_is_gated_by_out2),
		T(test_long_input_arrives_whole_through_the_fifo),
		T(test_input_of_before_a_hang_up_is_not_lost),
		T(test_fifo_trigger_level_and_timeout_are_told_apart),
		T(test_transmitter_interrupt_comes_on_enable_and_goes_on_identification),
		T(test_loopback_returns_bytes_and_modem_lines),
		T(test_overrun_without_fifo_is_reported_once),
		T(test_divisor_latch_scratch_and_reset),
		T(test_every_register_takes_every_value),
		T(test_drain_waits_for_a_reader_but_not_for_ever),
		T(test_regular_file_takes_output),
		cmocka_unit_test(test_reset_registers_say_what_the_guest_wants),
		cmocka_unit_test(test_fixed_hardware_is_in_acpi_mode_and_turns_the_machine_off),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
