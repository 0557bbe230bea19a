/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's sound device -> devices/snd; see bind.h. */
#include "devices/snd/snd.h"
#include "vmm/guest/bind.h"

static int make(struct machine *mc, const struct manifest_device *d, const char *tag, int *fds,
	struct vdev **out, struct err *e)
{
	struct snd_config cfg = { .tag = tag, .n_streams = d->u.snd.n };
	struct pcm_port_config port_cfg = { .n_streams = d->u.snd.n };
	struct pcm_ring_fds ring = { .sock = bind_take(fds, d->u.snd.fd),
		.wake = bind_take(fds, d->u.snd.wake_fd) };
	struct pcm_port *port = NULL;
	int rc;

	(void)mc;
	for (uint32_t i = 0; i < PCM_MAX_STREAMS; i++)
		ring.ring[i] = -1;
	for (uint32_t i = 0; i < d->u.snd.n; i++) {
		const struct manifest_sound *s = &d->u.snd.stream[i];

		cfg.stream[i] = (struct snd_stream_config){ s->capture ? PCM_CAPTURE : PCM_PLAY,
			s->channels, s->unplugged };
		port_cfg.direction[i] = cfg.stream[i].direction;
		ring.ring[i] = bind_take(fds, s->ring_fd);
	}
	rc = ring.sock < 0 ? pcm_port_null_new(&port, &port_cfg)
			   : pcm_port_ring_new(&port, &port_cfg, &ring);
	if (rc == 0)
		rc = snd_new(out, port, &cfg);
	return rc < 0 ? bind_failed(e, rc, "cannot make the sound device") : 0;
}

static void status(const struct vdev *v, json_t *o)
{
	json_t *list = json_array();
	struct snd_stats s;

	snd_get_stats(v, &s);
	for (uint32_t i = 0; i < s.n_streams; i++)
		json_array_append_new(
			list, json_pack("{s:b,s:b,s:I,s:I,s:I,s:I}", "running", s.stream[i].running,
				      "plugged", s.stream[i].plugged, "bytes",
				      (json_int_t)s.stream[i].bytes, "buffers",
				      (json_int_t)s.stream[i].buffers, "rejected",
				      (json_int_t)s.stream[i].rejected, "xruns",
				      (json_int_t)s.stream[i].xruns));
	json_object_set_new(o, "controls", json_integer((json_int_t)s.controls));
	json_object_set_new(o, "bad_controls", json_integer((json_int_t)s.bad_controls));
	json_object_set_new(o, "streams", list);
}

const struct bind bind_snd = { make, status, LOOP_DEV };
