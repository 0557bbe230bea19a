/* SPDX-License-Identifier: Apache-2.0 */
/* See sound_monitor.h. */
#include "tests/perf/sound_monitor.h"

#include <math.h>
#include <pipewire/pipewire.h>
#include <spa/param/audio/format-utils.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"

#define RATE          48000u
#define LOUD          0.01f
#define SILENT_FRAMES (RATE / 50) /* before an onset */
#define GAP_FRAMES    (RATE / 500)

struct monitor {
	struct pw_thread_loop *thread;
	struct pw_stream *stream;
	struct spa_hook hook;
	uint64_t quiet; /* frames of silence so far */
	uint64_t onset[MONITOR_EVENTS];
	_Atomic uint32_t onsets, gaps, quantum;
};

static void heard(struct monitor *m, const float *x, uint32_t frames, uint64_t now)
{
	for (uint32_t i = 0; i < frames; i++) {
		uint32_t n = atomic_load(&m->onsets);

		if (fabsf(x[2 * i]) < LOUD && fabsf(x[2 * i + 1]) < LOUD) {
			m->quiet++;
			continue;
		}
		atomic_store(&m->quantum, frames);
		if (m->quiet >= SILENT_FRAMES && n < MONITOR_EVENTS) {
			m->onset[n] = now + (uint64_t)i * NS_PER_S / RATE;
			atomic_store(&m->onsets, n + 1);
		} else if (m->quiet >= GAP_FRAMES) {
			atomic_fetch_add(&m->gaps, 1);
		}
		m->quiet = 0;
	}
}

static void on_process(void *data)
{
	struct monitor *m = data;
	/* The turn of the graph in which the sink has just got these frames. */
	uint64_t now = clock_now_ns();
	struct pw_buffer *pb = pw_stream_dequeue_buffer(m->stream);
	struct spa_data *d;

	if (!pb)
		return;
	d = &pb->buffer->datas[0];
	if (d->data && d->chunk) {
		heard(m, (const float *)d->data + d->chunk->offset / 4, d->chunk->size / 8, now);
	}
	pw_stream_queue_buffer(m->stream, pb);
}

static const struct pw_stream_events events = {
	PW_VERSION_STREAM_EVENTS,
	.process = on_process,
};

struct monitor *monitor_open(void)
{
	uint8_t buf[1024];
	struct spa_pod_builder pod = SPA_POD_BUILDER_INIT(buf, sizeof(buf));
	struct spa_audio_info_raw info = { .format = SPA_AUDIO_FORMAT_F32,
		.rate = RATE,
		.channels = 2,
		.position = { SPA_AUDIO_CHANNEL_FL, SPA_AUDIO_CHANNEL_FR } };
	struct monitor *m = calloc(1, sizeof(*m));
	const struct spa_pod *param = spa_format_audio_raw_build(&pod, SPA_PARAM_EnumFormat, &info);
	int rc = -1;

	if (!m)
		return NULL;
	pw_init(NULL, NULL);
	m->quiet = SILENT_FRAMES;
	m->thread = pw_thread_loop_new("monitor", NULL);
	if (!m->thread || pw_thread_loop_start(m->thread) < 0)
		exit(1);
	pw_thread_loop_lock(m->thread);
	m->stream = pw_stream_new_simple(pw_thread_loop_get_loop(m->thread), "monitor",
		pw_properties_new(PW_KEY_MEDIA_TYPE, "Audio", PW_KEY_MEDIA_CATEGORY, "Capture",
			PW_KEY_STREAM_CAPTURE_SINK, "true", PW_KEY_TARGET_OBJECT, "vsink",
			PW_KEY_CONFIG_NAME, "client-rt.conf", NULL),
		&events, m);
	if (m->stream)
		rc = pw_stream_connect(m->stream, PW_DIRECTION_INPUT, PW_ID_ANY,
			PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS |
				PW_STREAM_FLAG_RT_PROCESS,
			&param, 1);
	pw_thread_loop_unlock(m->thread);
	if (rc < 0) {
		monitor_close(m);
		return NULL;
	}
	return m;
}

void monitor_close(struct monitor *m)
{
	if (m->stream) {
		pw_thread_loop_lock(m->thread);
		pw_stream_destroy(m->stream);
		pw_thread_loop_unlock(m->thread);
	}
	pw_thread_loop_stop(m->thread);
	pw_thread_loop_destroy(m->thread);
	free(m);
	pw_deinit();
}

uint32_t monitor_onsets(const struct monitor *m, const uint64_t **host_ns)
{
	*host_ns = m->onset;
	return atomic_load(&m->onsets);
}

uint32_t monitor_gaps(const struct monitor *m)
{
	return atomic_load(&m->gaps);
}

uint32_t monitor_quantum(const struct monitor *m)
{
	return atomic_load(&m->quantum);
}
