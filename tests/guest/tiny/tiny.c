/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tiny test guest: the last word of its command line names one thing to do; it says on COM1 how
 * that went and turns itself off. Ring 0 only, general registers only, so that it runs on every
 * KVM.
 */
#include <stddef.h>
#include <stdint.h>

#define COM1       0x3f8
#define SLEEP_PORT 0x600
#define RESET_PORT 0xcf9

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};
struct module {
	uint64_t addr, size, cmdline, reserved;
};
struct memory {
	uint64_t addr, size;
	uint32_t type, reserved;
};

void tiny_main(const struct start_info *si);
void tiny_ap_main(void);
void tiny_interrupt(uint64_t vector, uint64_t rip);
extern uint8_t tiny_stubs[], tiny_ap_start[], tiny_ap_end[];

static volatile uint32_t interrupts[256];
static volatile uint32_t ap_running;

static inline void outb(uint16_t p, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(p));
}
static inline uint8_t inb(uint16_t p)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}
static inline void outl(uint16_t p, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(p));
}
static inline uint32_t inl(uint16_t p)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}
static inline void outw(uint16_t p, uint16_t v)
{
	__asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(p));
}
static inline uint16_t inw(uint16_t p)
{
	uint16_t v;

	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(p));
	return v;
}
static inline uint64_t rdmsr(uint32_t m)
{
	uint32_t a, d;

	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(m));
	return a | (uint64_t)d << 32;
}
static inline void wrmsr(uint32_t m, uint64_t v)
{
	__asm__ volatile("wrmsr" ::"c"(m), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

#define MEM8(a)  (*(volatile uint8_t *)(uintptr_t)(a))
#define MEM16(a) (*(volatile uint16_t *)(uintptr_t)(a))
#define MEM32(a) (*(volatile uint32_t *)(uintptr_t)(a))
#define MEM64(a) (*(volatile uint64_t *)(uintptr_t)(a))

static void put(const char *s)
{
	for (; *s; s++)
		outb(COM1, (uint8_t)*s);
}

static void put_hex(uint64_t v)
{
	for (int i = 60; i >= 0; i -= 4)
		outb(COM1, (uint8_t) "0123456789abcdef"[v >> i & 15]);
}

static void say(const char *what, uint64_t v)
{
	put(what);
	put("=");
	put_hex(v);
	put("\n");
}

static void power_off(void)
{
	outb(SLEEP_PORT, 5 << 2 | 0x20);
	for (;;)
		__asm__ volatile("hlt");
}

static void fail(const char *why)
{
	put("FAILED: ");
	put(why);
	put("\n");
	power_off();
}

static int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* ---- interrupts ---- */

static struct {
	uint16_t low, selector;
	uint8_t ist, attr;
	uint16_t mid;
	uint32_t high, zero;
} idt[256] __attribute__((aligned(16)));

void tiny_interrupt(uint64_t vector, uint64_t rip)
{
	interrupts[vector]++;
	if (vector < 32) {
		say("exception", vector);
		say("rip", rip);
		fail("exception");
	}
	wrmsr(0x80b, 0);
}

static void interrupts_on(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) d = { sizeof(idt) - 1, (uint64_t)(uintptr_t)idt };

	for (size_t i = 0; i < 256; i++) {
		uint64_t a = (uint64_t)(uintptr_t)tiny_stubs + 16 * i;

		idt[i].low = (uint16_t)a;
		idt[i].mid = (uint16_t)(a >> 16);
		idt[i].high = (uint32_t)(a >> 32);
		idt[i].selector = 8;
		idt[i].attr = 0x8e;
	}
	__asm__ volatile("lidt %0" ::"m"(d));
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
	wrmsr(0x1b, rdmsr(0x1b) | 0xc00);
	wrmsr(0x80f, 0x1ff);
	__asm__ volatile("sti");
}

/* ---- PCI ---- */

static uint32_t cfg_addr(unsigned int dev, unsigned int reg)
{
	return 0x80000000u | dev << 11 | (reg & 0xfc);
}
static uint32_t cfg_read(unsigned int dev, unsigned int reg)
{
	outl(0xcf8, cfg_addr(dev, reg));
	return inl(0xcfc);
}
static uint8_t cfg_read8(unsigned int dev, unsigned int reg)
{
	return (uint8_t)(cfg_read(dev, reg) >> (reg % 4 * 8));
}
static void cfg_write(unsigned int dev, unsigned int reg, uint32_t v)
{
	outl(0xcf8, cfg_addr(dev, reg));
	outl(0xcfc, v);
}
static uint64_t bar_address(unsigned int dev, unsigned int bar)
{
	return (cfg_read(dev, 0x10 + 4 * bar) & ~15u) | (uint64_t)cfg_read(dev, 0x14 + 4 * bar)
								<< 32;
}

struct virtio {
	unsigned int dev, msix_cap;
	uint64_t common, notify, isr, config;
	uint32_t multiplier;
};

static void find_virtio(struct virtio *v, uint16_t id)
{
	for (v->dev = 1; v->dev < 32; v->dev++) {
		if (cfg_read(v->dev, 0) == ((uint32_t)id << 16 | 0x1af4))
			break;
	}
	if (v->dev == 32)
		fail("no such virtio device");
	cfg_write(v->dev, 4, 6); /* memory decode, bus master */
	for (unsigned int c = cfg_read8(v->dev, 0x34); c; c = cfg_read8(v->dev, c + 1)) {
		unsigned int type = cfg_read8(v->dev, c + 3), bar = cfg_read8(v->dev, c + 4);
		uint64_t at;

		if (cfg_read8(v->dev, c) == 0x11)
			v->msix_cap = c;
		if (cfg_read8(v->dev, c) != 9 || type == 5)
			continue;
		at = bar_address(v->dev, bar) + cfg_read(v->dev, c + 8);
		if (type == 1)
			v->common = at;
		if (type == 2) {
			v->notify = at;
			v->multiplier = cfg_read(v->dev, c + 16);
		}
		if (type == 3)
			v->isr = at;
		if (type == 4)
			v->config = at;
	}
	if (!v->common || !v->notify || !v->isr || !v->msix_cap)
		fail("a capability is missing");
}

static void msix_vector(const struct virtio *v, unsigned int i, uint32_t data, uint32_t control)
{
	uint32_t where = cfg_read(v->dev, v->msix_cap + 4);
	uint64_t entry = bar_address(v->dev, where & 7) + (where & ~7u) + 16 * i;

	MEM32(entry) = 0xfee00000;
	MEM32(entry + 4) = 0;
	MEM32(entry + 8) = data;
	MEM32(entry + 12) = control;
}

static uint64_t msix_pending(const struct virtio *v)
{
	uint32_t where = cfg_read(v->dev, v->msix_cap + 8);

	return MEM64(bar_address(v->dev, where & 7) + (where & ~7u));
}

/* ---- things to do ---- */

static void do_hello(const struct start_info *si)
{
	const struct module *m = (const struct module *)(uintptr_t)si->modules;
	const struct memory *map = (const struct memory *)(uintptr_t)si->memmap;

	say("magic", si->magic);
	say("modules", si->nr_modules);
	if (si->nr_modules) {
		put("module: ");
		put((const char *)(uintptr_t)m[0].cmdline);
		put(" ");
		for (uint64_t i = 0; i < m[0].size; i++)
			outb(COM1, MEM8(m[0].addr + i));
		put("\n");
	}
	for (uint32_t i = 0; i < si->memmap_entries; i++) {
		if (map[i].type == 1)
			say("ram_end", map[i].addr + map[i].size);
	}
}

static void do_reset(void)
{
	/* Memory that is not loaded reads as zero after a reset, and CMOS there is none: COM1's
	 * scratch register is cleared too. So the host counts. */
	say("scratch", MEM64(0x800000));
	MEM64(0x800000) = 0x1234;
	outb(RESET_PORT, 6);
	for (;;)
		__asm__ volatile("hlt");
}

/* Asks the keyboard controller for a reset sixty-four times in one instruction. */
static void do_storm(void)
{
	static uint8_t bytes[64];
	const void *from = bytes;
	uint64_t n = sizeof(bytes);

	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xfe;
	__asm__ volatile("cld; rep outsb" : "+S"(from), "+c"(n) : "d"(0x64) : "memory");
	for (;;)
		__asm__ volatile("hlt");
}

static void do_triple_fault(void)
{
	struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) none = { 0, 0 };

	__asm__ volatile("lidt %0; ud2" ::"m"(none));
}

/* The virtio common configuration: known values at every width that is allowed. */
static void do_mmio(void)
{
	struct virtio v = { 0 };

	find_virtio(&v, 0x1044);
	MEM32(v.common) = 1; /* device_feature_select */
	say("features_hi", MEM32(v.common + 4));
	say("num_queues", MEM16(v.common + 18));
	MEM8(v.common + 20) = 1; /* ACKNOWLEDGE */
	say("status", MEM8(v.common + 20));
	MEM16(v.common + 22) = 0;
	say("queue_size", MEM16(v.common + 24));
	MEM64(v.common + 32) = 0x123450; /* queue_desc in one piece */
	say("queue_desc", MEM32(v.common + 32));
	MEM16(v.common + 22) = 99; /* no such queue */
	say("no_queue", MEM16(v.common + 24));
	say("beyond", MEM64(v.common + 0xff8));
	say("ecam", MEM32(0xb0000000ull + (v.dev << 15)));
	say("ecam8", MEM8(0xb0000000ull + (v.dev << 15) + 2));
	say("nobody", MEM64(0xbfff0000ull));
}

/*
 * Accesses that begin in one region and end in another, or cross a page. 0x34 in the sleep control
 * register (0x600) would turn the machine off, 0xfe in the keyboard controller's (0x64) reset it.
 */
static void do_edges(void)
{
	static uint16_t words[512];
	struct virtio v = { 0 };
	const void *from = words;
	void *to = words;
	uint64_t n = 512;

	for (unsigned int i = 0; i < 512; i++)
		words[i] = 0x3434;
	outw(0x5ff, 0x3434);
	outl(0x5fd, 0x34343434);
	outl(0x5ff, 0x34343434);
	outw(0x601, 0x3434);
	outl(0x600, 0x34343434);
	__asm__ volatile("cld; rep outsw" : "+S"(from), "+c"(n) : "d"(0x5ff) : "memory");
	n = 512;
	__asm__ volatile("cld; rep insw" : "+D"(to), "+c"(n) : "d"(0x5ff) : "memory");
	say("rep_ins", words[0] & words[511]);
	say("straddle_in", inw(0x5ff));
	say("behind_in", inw(0x601));
	outw(0x64, 0xfefe);
	outl(0x64, 0xfefefefe);
	outl(0xcfd, 0xffffffff);
	outw(0xcff, 0xffff);
	say("pci_ports_in", inl(0xcfd));
	find_virtio(&v, 0x1044);
	/* In two pieces of 3 and 1, 2 and 2, 1 and 7 bytes. */
	MEM32(v.common + 0xffd) = 0xffffffff;
	MEM32(v.common - 2) = 0;
	MEM64(v.common + 0xfff) = ~0ull;
	say("pieces", MEM32(v.common + 0xffd));
	say("before_bar", MEM32(v.common - 2) & 0xffff);
	MEM32(0xb0000000ull - 2) = 0xffffffff;
	MEM64(0xb0100000ull - 4) = ~0ull;
	say("behind_ecam", MEM64(0xb0100000ull - 4) >> 32);
	/* Registers that are no access of their own width, at every offset. */
	for (unsigned int i = 0; i < 64; i++) {
		MEM32(v.common + i) = 0xffffffff;
		MEM64(v.common + i) = ~0ull;
	}
	MEM8(v.common + 20) = 0;
	say("status", MEM8(v.common + 20));
}

static struct {
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc[8];
	struct {
		uint16_t flags, idx, ring[8], event;
	} avail;
	struct {
		uint16_t flags;
		volatile uint16_t idx;
		struct {
			uint32_t id, len;
		} ring[8];
		uint16_t event;
	} used __attribute__((aligned(16)));
} ring __attribute__((aligned(4096)));
static uint8_t random_bytes[64];

static void rng_start(struct virtio *v)
{
	find_virtio(v, 0x1044);
	cfg_write(v->dev, v->msix_cap, 0x80000000u); /* MSI-X on */
	msix_vector(v, 0, 0x41, 0); /* configuration */
	msix_vector(v, 1, 0x42, 0); /* queue */
	MEM8(v->common + 20) = 0;
	MEM8(v->common + 20) = 3;
	MEM32(v->common + 8) = 1;
	MEM32(v->common + 12) = 1; /* VERSION_1 */
	MEM8(v->common + 20) = 11;
	if (!(MEM8(v->common + 20) & 8))
		fail("FEATURES_OK was refused");
	MEM16(v->common + 16) = 0;
	MEM16(v->common + 22) = 0;
	MEM16(v->common + 24) = 8;
	MEM16(v->common + 26) = 1;
	MEM64(v->common + 32) = (uint64_t)(uintptr_t)ring.desc;
	MEM64(v->common + 40) = (uint64_t)(uintptr_t)&ring.avail;
	MEM64(v->common + 48) = (uint64_t)(uintptr_t)&ring.used;
	MEM16(v->common + 28) = 1;
	MEM8(v->common + 20) = 15;
}

static void rng_ask(const struct virtio *v)
{
	uint16_t off;

	MEM16(v->common + 22) = 0;
	off = MEM16(v->common + 30);
	ring.desc[0].addr = (uint64_t)(uintptr_t)random_bytes;
	ring.desc[0].len = sizeof(random_bytes);
	ring.desc[0].flags = 2;
	ring.avail.ring[ring.avail.idx % 8] = 0;
	__asm__ volatile("" ::: "memory");
	ring.avail.idx++;
	MEM16(v->notify + off * v->multiplier) = 0;
}

static void do_msix(void)
{
	struct virtio v = { 0 };
	uint64_t sum = 0;

	interrupts_on();
	rng_start(&v);
	rng_ask(&v);
	while (!interrupts[0x42])
		__asm__ volatile("pause");
	for (size_t i = 0; i < sizeof(random_bytes); i++)
		sum |= (uint64_t)(random_bytes[i] != 0);
	say("interrupts", interrupts[0x42]);
	say("used", ring.used.idx);
	say("random", sum);
	/* Masked: the interrupt stays pending, and comes with the unmasking. */
	msix_vector(&v, 1, 0x43, 1);
	rng_ask(&v);
	while (!(msix_pending(&v) & 2))
		__asm__ volatile("pause");
	say("while_masked", interrupts[0x43]);
	msix_vector(&v, 1, 0x43, 0);
	while (!interrupts[0x43])
		__asm__ volatile("pause");
	say("pending_after", msix_pending(&v));
	/* A BAR that moves takes its doorbells along. */
	{
		uint64_t bar = bar_address(v.dev, 0), to = 0xe0000000;

		cfg_write(v.dev, 4, 0);
		cfg_write(v.dev, 0x10, (uint32_t)to);
		cfg_write(v.dev, 0x14, 0);
		cfg_write(v.dev, 4, 6);
		v.common += to - bar;
		v.notify += to - bar;
		say("left_behind", MEM32(bar));
		rng_ask(&v);
		while (interrupts[0x43] < 2)
			__asm__ volatile("pause");
		say("moved", ring.used.idx);
	}
}

void tiny_ap_main(void)
{
	ap_running = 1;
}

static void do_smp(void)
{
	uint8_t *to = (uint8_t *)0x8000;

	interrupts_on();
	for (const uint8_t *s = tiny_ap_start; s < tiny_ap_end; s++)
		*to++ = *s;
	wrmsr(0x830, 1ull << 32 | 0x4500);
	wrmsr(0x830, 1ull << 32 | 0x4608);
	while (!ap_running)
		__asm__ volatile("pause");
	put("second processor runs\n");
}

/* Says that it is alive until a byte comes on COM1. */
static void do_ticks(void)
{
	interrupts_on();
	put("ticking\n");
	wrmsr(0x83e, 0xb);
	wrmsr(0x832, 0x20040);
	wrmsr(0x838, 10000000);
	for (;;) {
		__asm__ volatile("hlt");
		if (inb(COM1 + 5) & 1) {
			if (inb(COM1) == 'q')
				return;
			say("ticks", interrupts[0x40]);
		}
	}
}

/* The KVM clock: nanoseconds that stand while the machine stands. */
static struct {
	volatile uint32_t version;
	uint32_t pad;
	uint64_t tsc, system;
	uint32_t mul;
	int8_t shift;
	uint8_t flags, pad2[2];
} kvm_clock __attribute__((aligned(64)));

static uint64_t rdtsc(void)
{
	uint32_t a, d;

	__asm__ volatile("rdtsc" : "=a"(a), "=d"(d));
	return a | (uint64_t)d << 32;
}

static uint64_t clock_ns(void)
{
	uint64_t delta, ns;
	uint32_t version;

	do {
		version = kvm_clock.version & ~1u;
		__asm__ volatile("" ::: "memory");
		delta = rdtsc() - kvm_clock.tsc;
		delta = kvm_clock.shift < 0 ? delta >> -kvm_clock.shift : delta << kvm_clock.shift;
		/* 64 x 32 bits, without a double shift: ring 0 may be emulated. */
		ns = kvm_clock.system + (delta >> 32) * kvm_clock.mul +
		     ((delta & 0xffffffff) * kvm_clock.mul >> 32);
		__asm__ volatile("" ::: "memory");
	} while (kvm_clock.version != version);
	return ns;
}

/* Tells the time whenever a byte comes. */
static void do_clock(void)
{
	wrmsr(0x4b564d01, (uint64_t)(uintptr_t)&kvm_clock | 1);
	put("ready\n");
	for (;;) {
		while (!(inb(COM1 + 5) & 1))
			__asm__ volatile("pause");
		if (inb(COM1) == 'q')
			return;
		say("ns", clock_ns());
	}
}

/* Uses the entropy device, then resets the machine, again and again. */
static void do_rounds(void)
{
	struct virtio v = { 0 };

	interrupts_on();
	find_virtio(&v, 0x1044);
	say("fresh_status", MEM8(v.common + 20));
	rng_start(&v);
	rng_ask(&v);
	while (!interrupts[0x42])
		__asm__ volatile("pause");
	put("round\n");
	outb(0x64, 0xfe);
	for (;;)
		__asm__ volatile("hlt");
}

static void ioapic(unsigned int pin, uint32_t low)
{
	MEM32(0xfec00000) = 0x10 + 2 * pin;
	MEM32(0xfec00010) = low;
	MEM32(0xfec00000) = 0x11 + 2 * pin;
	MEM32(0xfec00010) = 0;
}

/* COM1 by interrupts: echoes what comes until Ctrl-D; and the power button. */
static void do_echo(void)
{
	uint8_t c;

	interrupts_on();
	ioapic(4, 0x54);
	ioapic(9, 0x59);
	outb(COM1 + 4, 8); /* OUT2 */
	outb(COM1 + 2, 1); /* FIFOs */
	outb(COM1 + 1, 1); /* received data */
	put("ready\n");
	for (;;) {
		__asm__ volatile("cli");
		if (interrupts[0x59]) {
			put("power button\n");
			return;
		}
		if (!(inb(COM1 + 5) & 1)) {
			__asm__ volatile("sti; hlt");
			continue;
		}
		c = inb(COM1);
		if (c == 4)
			return;
		outb(COM1, c);
		__asm__ volatile("sti");
	}
}

static uint8_t cmos(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

/* The clock: what it shows, then two update interrupts by the IOAPIC. */
static void do_rtc(void)
{
	interrupts_on();
	ioapic(8, 0x58);
	while (cmos(0x0a) & 0x80)
		__asm__ volatile("pause");
	say("century", cmos(0x32));
	say("year", cmos(9));
	say("hour", cmos(4));
	say("minute", cmos(2));
	outb(0x70, 0x0b);
	outb(0x71, 0x12); /* update interrupts, 24 hours */
	for (uint32_t n = 1; n <= 2; n++) {
		while (interrupts[0x58] < n)
			__asm__ volatile("hlt");
		say("flags", cmos(0x0c) & 0x90u);
	}
}

/* Three seconds of the clock, each when it begins. */
static void do_seconds(void)
{
	interrupts_on();
	ioapic(8, 0x58);
	outb(0x70, 0x0b);
	outb(0x71, 0x12); /* update interrupts, 24 hours */
	for (uint32_t n = 1; n <= 3; n++) {
		while (interrupts[0x58] < n)
			__asm__ volatile("hlt");
		(void)cmos(0x0c);
		say("second", cmos(0));
	}
}

/* Reports a crash as an operating system does, and stands or goes on as told. */
static void do_panic(uint8_t how, int then_reset)
{
	say("events", inb(0x505));
	put("Kernel panic - not syncing: tiny gives up\n");
	/* Said twice: it counts once. */
	outb(0x505, how);
	outb(0x505, how);
	if (then_reset)
		outb(RESET_PORT, 6);
	put("last words\n");
	while (how == 1)
		__asm__ volatile("hlt");
}

static uint64_t wdt;

static void wdt_open(void)
{
	MEM16(wdt + 0xc) = 0x80;
	MEM16(wdt + 0xc) = 0x86;
}

static void wdt_reload(void)
{
	wdt_open();
	MEM16(wdt + 0xc) = 0x100;
}

/* Both stages end after `ms`; told whether it fired before. Kicked when a byte comes. */
static void do_watchdog(uint32_t ms)
{
	unsigned int dev = 1;

	while (dev < 32 && cfg_read(dev, 0) != 0x25ab8086)
		dev++;
	if (dev == 32)
		fail("no watchdog");
	wdt = bar_address(dev, 0);
	wdt_open();
	say("fired", MEM16(wdt + 0xc) & 0x200u);
	cfg_write(dev, 0x60, 3);
	wdt_open();
	MEM32(wdt) = ms;
	wdt_open();
	MEM32(wdt + 4) = ms;
	wdt_reload();
	cfg_write(dev, 0x68, 3); /* enabled, locked */
	cfg_write(dev, 0x68, 0);
	say("locked", cfg_read(dev, 0x68) & 7);
	put("ready\n");
	for (;;) {
		if (!(inb(COM1 + 5) & 1))
			continue;
		inb(COM1);
		wdt_reload();
		put("kicked\n");
	}
}

void tiny_main(const struct start_info *si)
{
	const char *what = (const char *)(uintptr_t)si->cmdline;

	/* The last word: what a host adds stands before it. */
	for (const char *p = what; *p; p++) {
		if (*p == ' ')
			what = p + 1;
	}
	put("tiny: ");
	put(what);
	put("\n");
	if (same(what, "hello"))
		do_hello(si);
	else if (same(what, "reset"))
		do_reset();
	else if (same(what, "storm"))
		do_storm();
	else if (same(what, "triple"))
		do_triple_fault();
	else if (same(what, "unknown-instruction"))
		__asm__ volatile("popcnt %%eax, %%eax" ::: "rax");
	else if (same(what, "mmio"))
		do_mmio();
	else if (same(what, "edges"))
		do_edges();
	else if (same(what, "msix"))
		do_msix();
	else if (same(what, "smp"))
		do_smp();
	else if (same(what, "ticks"))
		do_ticks();
	else if (same(what, "clock"))
		do_clock();
	else if (same(what, "rounds"))
		do_rounds();
	else if (same(what, "echo"))
		do_echo();
	else if (same(what, "rtc"))
		do_rtc();
	else if (same(what, "seconds"))
		do_seconds();
	else if (same(what, "panic"))
		do_panic(1, 0);
	else if (same(what, "panic-reset"))
		do_panic(1, 1);
	else if (same(what, "watchdog"))
		do_watchdog(150);
	else if (same(what, "watchdog-slow"))
		do_watchdog(1500);
	else if (same(what, "dump"))
		do_panic(2, 0);
	else
		fail("unknown word on the command line");
	put("done\n");
	power_off();
}
