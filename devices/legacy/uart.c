/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The serial port; see uart.h. Register and bit names are those of the 16550A data sheet. One lock
 * guards the registers: vCPU threads and the loop both come here.
 */
#include "devices/legacy/uart.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

enum { RBR_THR_DLL, IER_DLM, IIR_FCR, LCR, MCR, LSR, MSR, SCR };

#define IER_RDA  0x01
#define IER_THRE 0x02
#define IER_RLS  0x04
#define IER_MS   0x08

#define IIR_NONE    0x01
#define IIR_MS      0x00
#define IIR_THRE    0x02
#define IIR_RDA     0x04
#define IIR_RLS     0x06
#define IIR_TIMEOUT 0x0c
#define IIR_FIFOS   0xc0

#define FCR_ENABLE   0x01
#define FCR_CLEAR_RX 0x02

#define LCR_DLAB 0x80

#define MCR_DTR  0x01
#define MCR_RTS  0x02
#define MCR_OUT1 0x04
#define MCR_OUT2 0x08
#define MCR_LOOP 0x10

#define LSR_DR   0x01
#define LSR_OE   0x02
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

#define MSR_CTS 0x10
#define MSR_DSR 0x20
#define MSR_RI  0x40
#define MSR_DCD 0x80

#define RX_FIFO 16

struct uart {
	pthread_mutex_t lock;
	struct uart_host host;
	struct ev_loop *loop;
	struct ev_io io;
	int fd;
	bool watching; /* io is in the loop */
	bool rx_ended; /* the other end sends no more */
	bool posted; /* the loop was asked to look at the fd */
	bool level;
	bool thre_pending;
	uint8_t ier, fcr, lcr, mcr, scr, lsr_errors, msr_delta;
	uint8_t dll, dlm;
	uint8_t rx[RX_FIFO];
	unsigned int rx_head, rx_n;
	uint8_t tx[UART_TX_BYTES];
	unsigned int tx_head, tx_n;
	struct uart_stats stats;
};

static unsigned int rx_room(const struct uart *u)
{
	return (u->fcr & FCR_ENABLE ? RX_FIFO : 1) -
	       MIN(u->rx_n, u->fcr & FCR_ENABLE ? RX_FIFO : 1u);
}

static unsigned int rx_trigger(const struct uart *u)
{
	static const uint8_t levels[4] = { 1, 4, 8, 14 };

	return u->fcr & FCR_ENABLE ? levels[u->fcr >> 6] : 1;
}

/* What the interrupt identification register says now, highest priority first. */
static uint8_t pending(const struct uart *u)
{
	if ((u->ier & IER_RLS) && u->lsr_errors)
		return IIR_RLS;
	if ((u->ier & IER_RDA) && u->rx_n >= rx_trigger(u))
		return IIR_RDA;
	/* Bytes below the trigger level time out; here at once, no byte takes any time. */
	if ((u->ier & IER_RDA) && u->rx_n > 0)
		return IIR_TIMEOUT;
	if ((u->ier & IER_THRE) && u->thre_pending)
		return IIR_THRE;
	if ((u->ier & IER_MS) && u->msr_delta)
		return IIR_MS;
	return IIR_NONE;
}

static void update_irq(struct uart *u)
{
	bool level = pending(u) != IIR_NONE;

	/* OUT2 gates the line on a PC. */
	if (!(u->mcr & MCR_OUT2) || (u->mcr & MCR_LOOP))
		level = false;
	if (level != u->level) {
		u->level = level;
		u->host.irq(u->host.ctx, level);
	}
}

static void rx_push(struct uart *u, uint8_t byte)
{
	if (rx_room(u) == 0) {
		u->lsr_errors |= LSR_OE;
		return;
	}
	u->rx[(u->rx_head + u->rx_n++) % RX_FIFO] = byte;
	u->stats.rx_bytes++;
}

/* Writes what the other end takes now. An end that is gone takes everything. */
static void tx_flush(struct uart *u)
{
	while (u->tx_n > 0) {
		unsigned int n = MIN(u->tx_n, UART_TX_BYTES - u->tx_head);
		ssize_t w = u->fd >= 0 ? write(u->fd, u->tx + u->tx_head, n) : (ssize_t)n;

		if (w < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (w < 0) {
			u->stats.tx_dropped += n;
			w = (ssize_t)n;
		}
		u->tx_head = (u->tx_head + (unsigned int)w) % UART_TX_BYTES;
		u->tx_n -= (unsigned int)w;
	}
}

static bool wants_input(const struct uart *u)
{
	return !u->rx_ended && rx_room(u) > 0 && !(u->mcr & MCR_LOOP);
}

static void rx_fill(struct uart *u)
{
	uint8_t buf[RX_FIFO];
	ssize_t n;

	if (!wants_input(u))
		return;
	n = read(u->fd, buf, rx_room(u));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		/* Nothing will come any more; output is tried on. */
		u->rx_ended = true;
		return;
	}
	for (ssize_t i = 0; i < n; i++)
		rx_push(u, buf[i]);
}

static uint32_t wanted_events(const struct uart *u)
{
	uint32_t want = u->tx_n ? EPOLLOUT : 0;

	return wants_input(u) ? want | EPOLLIN : want;
}

/* Loop: moves bytes both ways and watches for what is left. */
static void serve(struct uart *u)
{
	pthread_mutex_lock(&u->lock);
	u->posted = false;
	tx_flush(u);
	/* Also where the other end hung up and is watched no more: it may have sent something. */
	rx_fill(u);
	update_irq(u);
	if (u->watching && ev_io_set(&u->io, wanted_events(u)) < 0) {
		ev_io_del(&u->io);
		u->watching = false;
	}
	pthread_mutex_unlock(&u->lock);
}

static void on_fd(struct ev_io *io, uint32_t revents)
{
	struct uart *u = io->data;

	/* A hang-up is reported for ever: stop watching unless bytes still come. */
	if ((revents & (EPOLLHUP | EPOLLERR)) && !(revents & EPOLLIN)) {
		pthread_mutex_lock(&u->lock);
		ev_io_del(&u->io);
		u->watching = false;
		pthread_mutex_unlock(&u->lock);
	}
	serve(u);
}

static void on_post(void *arg)
{
	serve(arg);
}

/* The lock is held: the loop is to look at the fd. */
static void wake_loop(struct uart *u)
{
	if (!u->posted && u->fd >= 0)
		u->posted = ev_post(u->loop, on_post, u) == 0;
}

static void transmit(struct uart *u, uint8_t byte)
{
	if (u->mcr & MCR_LOOP) {
		rx_push(u, byte);
	} else if (u->fd < 0) {
		u->stats.tx_bytes++;
	} else if (u->tx_n == UART_TX_BYTES) {
		u->stats.tx_dropped++;
	} else {
		u->tx[(u->tx_head + u->tx_n++) % UART_TX_BYTES] = byte;
		u->stats.tx_bytes++;
		wake_loop(u);
	}
	u->thre_pending = true;
}

static uint8_t modem_status(const struct uart *u)
{
	uint8_t m = u->mcr;

	if (!(m & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	return (uint8_t)((m & MCR_RTS ? MSR_CTS : 0) | (m & MCR_DTR ? MSR_DSR : 0) |
			 (m & MCR_OUT1 ? MSR_RI : 0) | (m & MCR_OUT2 ? MSR_DCD : 0));
}

static void write_mcr(struct uart *u, uint8_t value)
{
	uint8_t before = modem_status(u);

	u->mcr = value & 0x1f;
	/* The delta bits; the ring indicator counts its trailing edge only. */
	u->msr_delta |=
		(uint8_t)(((before ^ modem_status(u)) & (MSR_CTS | MSR_DSR | MSR_DCD)) >> 4);
	if ((before & MSR_RI) && !(modem_status(u) & MSR_RI))
		u->msr_delta |= MSR_RI >> 4;
	if (!(u->mcr & MCR_LOOP))
		wake_loop(u);
}

static void write_fcr(struct uart *u, uint8_t value)
{
	if ((value ^ u->fcr) & FCR_ENABLE)
		value |= FCR_CLEAR_RX;
	u->fcr = value & 0xc9;
	if (value & FCR_CLEAR_RX) {
		u->rx_n = 0;
		wake_loop(u);
	}
}

static uint8_t read_rbr(struct uart *u)
{
	uint8_t byte = 0;

	if (u->rx_n) {
		byte = u->rx[u->rx_head];
		u->rx_head = (u->rx_head + 1) % RX_FIFO;
		if (--u->rx_n == 0 && !(u->mcr & MCR_LOOP))
			wake_loop(u);
	}
	return byte;
}

static uint8_t read_iir(struct uart *u)
{
	uint8_t iir = pending(u);

	if (iir == IIR_THRE)
		u->thre_pending = false;
	return u->fcr & FCR_ENABLE ? iir | IIR_FIFOS : iir;
}

static uint8_t read_locked(struct uart *u, unsigned int reg)
{
	bool dlab = u->lcr & LCR_DLAB;
	uint8_t v;

	switch (reg) {
	case RBR_THR_DLL:
		return dlab ? u->dll : read_rbr(u);
	case IER_DLM:
		return dlab ? u->dlm : u->ier;
	case IIR_FCR:
		return read_iir(u);
	case LCR:
		return u->lcr;
	case MCR:
		return u->mcr;
	case LSR:
		v = (uint8_t)(LSR_THRE | LSR_TEMT | u->lsr_errors | (u->rx_n ? LSR_DR : 0));
		u->lsr_errors = 0;
		return v;
	case MSR:
		v = modem_status(u) | u->msr_delta;
		u->msr_delta = 0;
		return v;
	case SCR:
		return u->scr;
	default:
		return 0xff;
	}
}

static void write_locked(struct uart *u, unsigned int reg, uint8_t v)
{
	bool dlab = u->lcr & LCR_DLAB;

	switch (reg) {
	case RBR_THR_DLL:
		if (dlab)
			u->dll = v;
		else
			transmit(u, v);
		break;
	case IER_DLM:
		if (dlab) {
			u->dlm = v;
		} else {
			/* Enabling it while the transmitter is empty raises it. */
			u->thre_pending = u->thre_pending || (v & ~u->ier & IER_THRE);
			u->ier = v & 0x0f;
		}
		break;
	case IIR_FCR:
		write_fcr(u, v);
		break;
	case LCR:
		u->lcr = v;
		break;
	case MCR:
		write_mcr(u, v);
		break;
	case SCR:
		u->scr = v;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

uint8_t uart_read(struct uart *u, unsigned int reg)
{
	uint8_t v;

	pthread_mutex_lock(&u->lock);
	v = read_locked(u, reg);
	update_irq(u);
	pthread_mutex_unlock(&u->lock);
	return v;
}

void uart_write(struct uart *u, unsigned int reg, uint8_t value)
{
	pthread_mutex_lock(&u->lock);
	write_locked(u, reg, value);
	update_irq(u);
	pthread_mutex_unlock(&u->lock);
}

static void power_on(struct uart *u)
{
	u->ier = u->fcr = u->lcr = u->mcr = u->scr = u->lsr_errors = u->msr_delta = 0;
	u->dll = 12; /* 9600 */
	u->dlm = 0;
	u->rx_n = 0;
	u->thre_pending = false;
}

void uart_reset(struct uart *u)
{
	pthread_mutex_lock(&u->lock);
	power_on(u);
	update_irq(u);
	wake_loop(u);
	pthread_mutex_unlock(&u->lock);
}

void uart_drain(struct uart *u, int limit_ms)
{
	uint64_t end = clock_now_ns() + (uint64_t)limit_ms * NS_PER_MS;

	pthread_mutex_lock(&u->lock);
	for (tx_flush(u); u->tx_n > 0; tx_flush(u)) {
		struct pollfd p = { .fd = u->fd, .events = POLLOUT };
		uint64_t now = clock_now_ns();

		if (now >= end || poll(&p, 1, (int)((end - now) / NS_PER_MS) + 1) <= 0)
			break;
	}
	pthread_mutex_unlock(&u->lock);
}

void uart_stats(struct uart *u, struct uart_stats *out)
{
	pthread_mutex_lock(&u->lock);
	*out = u->stats;
	pthread_mutex_unlock(&u->lock);
}

/* Watches the fd for input; a regular file cannot be watched and has none. */
static int watch(struct uart *u)
{
	int rc;

	if (u->fd < 0)
		return 0;
	rc = fd_set_nonblock(u->fd, 1);
	if (rc == 0)
		rc = ev_io_add(u->loop, &u->io, u->fd, EPOLLIN, on_fd, u);
	u->watching = rc == 0;
	u->rx_ended = rc == -EPERM;
	return rc == -EPERM ? 0 : rc;
}

int uart_new(struct uart **out, struct ev_loop *loop, int fd_take, const struct uart_host *host)
{
	struct uart *u = calloc(1, sizeof(*u));
	int rc;

	if (!u) {
		fd_close(&fd_take);
		return -ENOMEM;
	}
	u->fd = fd_take;
	u->loop = loop;
	u->host = *host;
	u->io.fd = -1;
	pthread_mutex_init(&u->lock, NULL);
	power_on(u);
	rc = watch(u);
	if (rc < 0) {
		uart_free(u);
		return rc;
	}
	*out = u;
	return 0;
}

void uart_free(struct uart *u)
{
	if (!u)
		return;
	ev_io_del(&u->io);
	fd_close(&u->fd);
	pthread_mutex_destroy(&u->lock);
	free(u);
}
