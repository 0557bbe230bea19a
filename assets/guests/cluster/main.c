/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cluster as a bare-metal guest: CAN in, screen and chimes out. Sleeps when nothing happens; a
 * frame is drawn at most every 1/60 s and only where something changed.
 */
#include <string.h>

#include "buses.h"
#include "chimes.h"
#include "cluster.h"
#include "dyno/dyno.h"
#include "panel.h"
#include "speaker.h"

static void draw_background(const struct gfx *g, const void *view)
{
	cluster_background(g, view);
}

static void list_items(const void *view, struct scene *s)
{
	cluster_scene(view, s);
}

static bool render_chimes(void *ctx, int16_t *stereo, unsigned int frames)
{
	return chimes_render(ctx, stereo, frames);
}

/* Sends the status frames that are due; one that finds no room is dropped, the next has newer data.
 */
static void send_due(struct cluster *c, struct buses *b, uint64_t now)
{
	struct dyno_can_frame f;
	unsigned int bus;

	while (cluster_tx(c, now, &f, &bus)) {
		if (!buses_send(b, bus, &f))
			c->tx--;
	}
}

static void receive(struct cluster *c, struct buses *b)
{
	struct dyno_can_frame f;
	long report;

	for (unsigned int i = 0; i < b->n; i++) {
		while (buses_recv(b, i, &f)) {
			if (cluster_rx(c, i, &f, dyno_now_ns(), &report)) {
				char line[512];

				cluster_report(c, report, dyno_now_ns(), line, sizeof(line));
				dyno_printf("%s\n", line);
			}
		}
	}
}

void dyno_main(void)
{
	static struct cluster c;
	static struct cluster_view view;
	static struct panel panel;
	static struct chimes chimes;
	struct speaker speaker;
	struct buses buses;
	struct dyno_sigmap map = { "none", 0, NULL };

	buses_init(&buses);
	if (dyno_sigmap_open(&map))
		dyno_printf("cluster: no signal map, nothing will be shown\n");
	cluster_init(&c, &map, buses.name, buses.n, dyno_now_ns());
	cluster_show(&c, dyno_now_ns(), &view);
	panel_open(&panel, CLUSTER_W, CLUSTER_H, draw_background, list_items);
	panel_update(&panel, &view, dyno_now_ns());
	/* Four times 10 ms: a frame may be drawn meanwhile. */
	speaker_open(&speaker, CHIMES_RATE / 100, 4);
	buses_start(&buses);
	dyno_printf("READY cluster t_ms=%u\n", (unsigned int)(dyno_now_ns() / 1000000));

	for (;;) {
		uint64_t now, wake, due;

		receive(&c, &buses);
		now = dyno_now_ns();
		send_due(&c, &buses, now);
		cluster_show(&c, now, &view);
		chimes_look(&chimes, &view);
		speaker_run(&speaker, chimes_sound(&chimes), render_chimes, &chimes);
		wake = panel_update(&panel, &view, now);
		due = cluster_next_change(&c, now);
		wake = due < wake ? due : wake;
		due = gauges_out_next(&c.out);
		wake = due < wake ? due : wake;
		due = panel_stat(&panel, now, c.rx, c.tx);
		wake = due < wake ? due : wake;
		dyno_wait(wake);
	}
}
