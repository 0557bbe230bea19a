/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks of Linux guests, as one static program:
 *
 *	guest_clock alarm /dev/rtcN SECONDS     sets an alarm and waits for its interrupt
 *	guest_clock ptp /dev/ptpN               prints the clock's nanoseconds
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <linux/rtc.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* A clock of a descriptor (kernel: posix-timers.h). */
#define FD_TO_CLOCKID(fd) ((clockid_t)((((unsigned int)~(fd)) << 3) | 3))

static int fail(const char *what)
{
	printf("FAULT %s: %s\n", what, strerror(errno));
	return 1;
}

static time_t seconds_of(struct rtc_time *t)
{
	struct tm tm = { .tm_sec = t->tm_sec,
		.tm_min = t->tm_min,
		.tm_hour = t->tm_hour,
		.tm_mday = t->tm_mday,
		.tm_mon = t->tm_mon,
		.tm_year = t->tm_year };

	return timegm(&tm);
}

static int alarm_rings(int fd, int seconds)
{
	struct rtc_wkalrm a = { .enabled = 1 };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct rtc_time now;
	unsigned long event = 0;
	struct tm tm;
	time_t at;

	if (ioctl(fd, RTC_RD_TIME, &now) < 0)
		return fail("RTC_RD_TIME");
	at = seconds_of(&now) + seconds;
	gmtime_r(&at, &tm);
	a.time = (struct rtc_time){ .tm_sec = tm.tm_sec,
		.tm_min = tm.tm_min,
		.tm_hour = tm.tm_hour,
		.tm_mday = tm.tm_mday,
		.tm_mon = tm.tm_mon,
		.tm_year = tm.tm_year };
	if (ioctl(fd, RTC_WKALM_SET, &a) < 0)
		return fail("RTC_WKALM_SET");
	if (ioctl(fd, RTC_WKALM_RD, &a) < 0 || !a.enabled || seconds_of(&a.time) != at)
		return fail("RTC_WKALM_RD");
	if (poll(&p, 1, (seconds + 5) * 1000) != 1 || read(fd, &event, sizeof(event)) < 0)
		return fail("the alarm");
	if (!(event & RTC_AF) || ioctl(fd, RTC_RD_TIME, &now) < 0)
		return fail("the alarm's kind");
	printf("rang %ld s after its time\n", (long)(seconds_of(&now) - at));
	return seconds_of(&now) < at;
}

static int show_ptp(int fd)
{
	struct ptp_clock_caps caps;
	struct timespec ts;

	if (ioctl(fd, PTP_CLOCK_GETCAPS, &caps) < 0)
		return fail("PTP_CLOCK_GETCAPS");
	if (clock_gettime(FD_TO_CLOCKID(fd), &ts) < 0)
		return fail("clock_gettime");
	printf("%lld%09ld %d\n", (long long)ts.tv_sec, ts.tv_nsec, caps.cross_timestamping);
	return 0;
}

int main(int argc, char **argv)
{
	int fd = argc > 2 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return fail(argc > 2 ? argv[2] : "usage");
	if (argc == 4 && strcmp(argv[1], "alarm") == 0)
		return alarm_rings(fd, (int)strtol(argv[3], NULL, 10));
	if (argc == 3 && strcmp(argv[1], "ptp") == 0)
		return show_ptp(fd);
	printf("FAULT usage\n");
	return 2;
}
