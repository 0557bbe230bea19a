/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's RTC device -> devices/rtc; see bind.h. And the machine's UTC, which all its clocks
 * share. */

#include "devices/rtc/rtc.h"
#include "vmm/guest/bind.h"
#include "vmm/guest/devices.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	int rc = vrtc_new(out, tag, &mc->utc);

	(void)d;
	(void)fds;
	return rc < 0 ? bind_failed(e, rc, "cannot make the RTC") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	struct vrtc_stats s = vrtc_stats(v);

	json_object_set_new(o, "requests", json_integer((json_int_t)s.requests));
	json_object_set_new(o, "refused", json_integer((json_int_t)s.refused));
	json_object_set_new(o, "alarms", json_integer((json_int_t)s.alarms));
}

const struct bind bind_rtc = { make, status, LOOP_DEV };

static void loop_look(void *arg)
{
	vrtc_look(arg);
}

void machine_set_utc(struct machine *mc, const struct manifest_utc *u)
{
	utc_set(&mc->utc, u->utc_ns, u->host_ns, u->runs);
	cmos_look(mc->cmos);
	for (unsigned int i = 0; i < mc->m->n_devices; i++) {
		if (mc->m->device[i].type == DEVICE_RTC &&
			ev_call(mc->loop[LOOP_DEV].loop, loop_look, mc->device[i].dev) < 0)
			log_debug("%s: its loop has ended", mc->device[i].d->name);
	}
}
