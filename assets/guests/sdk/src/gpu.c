/* SPDX-License-Identifier: Apache-2.0 */
/*
 * virtio-gpu, 2D ("GPU Device"). Set-up commands wait for their answer; presents are a batch of
 * transfers and flushes behind one notification, and come back whenever they come back.
 *
 * With the option blob=1 surfaces are guest-memory blobs where the device offers them: nothing is
 * transferred, the host reads the surface while it flushes.
 */
#include "dyno/gpu.h"

#include <string.h>

#include "dyno/boot.h"
#include "dyno/event.h"
#include "dyno/gpu_wire.h"
#include "dyno/mem.h"
#include "dyno/print.h"
#include "dyno/virtio.h"
#include "gpu_damage.h"
#include "sdk.h"

#define MAX_GPUS       4
#define CONTROL_SIZE   128
#define CURSOR_SIZE    16
#define MAX_CMDS       48 /* of presents under way */
#define MAX_FLUSHES    2 /* fenced presents of one surface under way */
#define CURSOR_SIDE    64
#define EDID_BYTES     256
#define BLOB_GUEST     1u
#define BLOB_SHAREABLE 2u

/* A transfer or flush under way. */
struct cmd {
	union {
		struct gpu_hdr hdr;
		struct gpu_flush flush;
		struct gpu_transfer transfer;
	} rq;
	struct gpu_hdr answer;
	struct surface *surface;
	bool last; /* the present's last one */
	struct cmd *next;
};

struct surface {
	struct dyno_surface pub; /* first */
	bool blob;
	unsigned int transfers, flushes; /* under way; flushes: presents */
};

struct dyno_gpu {
	struct virtio_dev v;
	struct virtq control, cursor;
	unsigned int nscanouts;
	bool broken, changed;
	bool wanted; /* somebody waits for a surface or for room */
	uint32_t next_id;
	uint64_t next_fence;
	struct gpu_display_info info;
	char name[GPU_MAX_SCANOUTS][16];
	struct cmd *spare;
	void *request, *answer; /* of the command that is waited for */
	bool answered;
	struct gpu_cursor *cursor_cmd; /* one per ring entry */
	unsigned int cursor_next;
	struct dyno_surface *cursor_surface;
	struct dyno_gpu_stats stats;
	struct event_source source;
};

static struct dyno_gpu *gpus[MAX_GPUS];

#define REQUEST_BYTES 128
#define ANSWER_BYTES  sizeof(struct gpu_edid)

/* Takes back what the device finished. */
static void reap(struct dyno_gpu *g)
{
	void *cookie;

	while ((cookie = virtq_pop(&g->control, NULL)) != NULL) {
		struct cmd *c = cookie;

		if (cookie == g->request) {
			g->answered = true;
			continue;
		}
		if (c->answer.type != GPU_OK)
			g->stats.errors++;
		if (c->rq.hdr.type == GPU_TRANSFER)
			c->surface->transfers--;
		if (c->last)
			c->surface->flushes--;
		c->next = g->spare;
		g->spare = c;
	}
}

static bool call_done(void *ctx)
{
	struct dyno_gpu *g = ctx;

	do
		reap(g);
	while (!g->answered && virtq_arm(&g->control));
	return g->answered;
}

/* Sends g->request and waits for g->answer. 0 when the answer is `expect`. */
static int call(struct dyno_gpu *g, uint32_t type, size_t bytes, uint32_t expect, size_t answer)
{
	struct gpu_hdr *rq = g->request, *rs = g->answer;
	int rc;

	if (g->broken)
		return DYNO_E_STATE;
	rq->type = type;
	memset(rs, 0, sizeof(*rs));
	g->answered = false;
	rc = virtq_add(&g->control,
		(struct virtq_buf[]){ { rq, (uint32_t)bytes }, { rs, (uint32_t)answer } }, 1, 1,
		rq);
	if (rc != 0)
		return rc;
	virtq_kick(&g->control);
	if (!event_until(call_done, g)) {
		g->broken = true;
		return DYNO_E_TIMEOUT;
	}
	virtq_disarm(&g->control);
	return rs->type == expect ? 0 : DYNO_E_DEVICE;
}

static void *request(struct dyno_gpu *g)
{
	return memset(g->request, 0, REQUEST_BYTES);
}

static void parse_name(char name[16], const uint8_t *edid, size_t bytes)
{
	name[0] = '\0';
	for (size_t at = 54; bytes >= 128 && at + 18 <= 126; at += 18) {
		const uint8_t *d = edid + at;
		size_t n = 0;

		/* Display descriptor FCh: product name, ended by a line feed. */
		if (d[0] != 0 || d[1] != 0 || d[3] != 0xfc)
			continue;
		while (n < 13 && d[5 + n] != '\n' && d[5 + n] != '\0') {
			name[n] = (char)d[5 + n];
			n++;
		}
		name[n] = '\0';
		return;
	}
}

size_t dyno_gpu_edid(struct dyno_gpu *g, unsigned int scanout, uint8_t *dst, size_t bytes)
{
	struct gpu_get_edid *rq = request(g);
	const struct gpu_edid *rs = g->answer;

	if ((g->v.features & GPU_F_EDID) == 0)
		return 0;
	rq->scanout = scanout;
	if (call(g, GPU_GET_EDID, sizeof(*rq), GPU_OK_EDID, sizeof(*rs)) != 0)
		return 0;
	if (rs->bytes > sizeof(rs->edid))
		return 0;
	bytes = rs->bytes < bytes ? rs->bytes : bytes;
	memcpy(dst, rs->edid, bytes);
	return bytes;
}

static int read_modes(struct dyno_gpu *g)
{
	uint8_t edid[EDID_BYTES];
	int rc;

	request(g);
	rc = call(g, GPU_GET_DISPLAY_INFO, sizeof(struct gpu_hdr), GPU_OK_DISPLAY_INFO,
		sizeof(g->info));
	if (rc != 0)
		return rc;
	memcpy(&g->info, g->answer, sizeof(g->info));
	for (unsigned int i = 0; i < g->nscanouts; i++)
		parse_name(g->name[i], edid, dyno_gpu_edid(g, i, edid, sizeof(edid)));
	return 0;
}

static bool gpu_arm(void *ctx)
{
	struct dyno_gpu *g = ctx;

	virtq_kick(&g->control);
	if (!g->wanted)
		return false;
	/* Somebody asked and was told to wait: any completion is news. */
	if (!virtq_arm(&g->control))
		return false;
	g->wanted = false;
	reap(g);
	return true;
}

static int set_up(struct dyno_gpu *g, unsigned int index)
{
	struct cmd *c = dyno_alloc(MAX_CMDS * sizeof(*c), 64);
	uint32_t n;
	int rc = virtio_find(&g->v, VIRTIO_GPU, index);

	if (rc == 0)
		rc = virtio_negotiate(
			&g->v, virtio_ring_features() | GPU_F_EDID |
				       (dyno_option_bool("blob", false) ? GPU_F_BLOB : 0));
	if (rc == 0)
		rc = virtq_new(&g->control, &g->v, 0, CONTROL_SIZE);
	if (rc == 0)
		rc = virtq_new(&g->cursor, &g->v, 1, CURSOR_SIZE);
	if (rc != 0)
		return rc;
	g->request = dyno_alloc(REQUEST_BYTES, 64);
	g->answer = dyno_alloc(ANSWER_BYTES, 64);
	g->cursor_cmd = dyno_alloc(CURSOR_SIZE * sizeof(*g->cursor_cmd), 64);
	if (c == NULL || g->request == NULL || g->answer == NULL || g->cursor_cmd == NULL)
		return DYNO_E_NOMEM;
	for (unsigned int i = 0; i < MAX_CMDS; i++) {
		c[i].next = g->spare;
		g->spare = &c[i];
	}
	g->next_id = 1;
	virtq_disarm(&g->control);
	virtq_disarm(&g->cursor);
	virtio_driver_ok(&g->v);
	virtio_config_read(&g->v, GPU_CFG_SCANOUTS, &n, sizeof(n));
	g->nscanouts = n < GPU_MAX_SCANOUTS ? n : GPU_MAX_SCANOUTS;
	rc = read_modes(g);
	if (rc != 0)
		return rc;
	g->source = (struct event_source){ gpu_arm, g, NULL };
	event_add(&g->source);
	return 0;
}

unsigned int dyno_gpu_count(void)
{
	const unsigned int n = virtio_count(VIRTIO_GPU);

	return n < MAX_GPUS ? n : MAX_GPUS;
}

struct dyno_gpu *dyno_gpu_open(unsigned int i)
{
	struct dyno_gpu *g;
	int rc;

	if (i >= dyno_gpu_count())
		return NULL;
	if (gpus[i] != NULL)
		return gpus[i];
	g = dyno_alloc(sizeof(*g), 64);
	if (g == NULL)
		return NULL;
	rc = set_up(g, i);
	if (rc != 0) {
		dyno_printf("gpu%u: %s\n", i, dyno_error_name(rc));
		return NULL;
	}
	gpus[i] = g;
	return g;
}

unsigned int dyno_gpu_scanouts(const struct dyno_gpu *g)
{
	return g->nscanouts;
}

bool dyno_gpu_mode(struct dyno_gpu *g, unsigned int scanout, struct dyno_mode *out)
{
	const struct gpu_mode *m;

	if (scanout >= g->nscanouts)
		return false;
	m = &g->info.mode[scanout];
	out->enabled = m->enabled != 0;
	out->rect = (struct dyno_rect){ m->rect.x, m->rect.y, m->rect.w, m->rect.h };
	memcpy(out->name, g->name[scanout], sizeof(out->name));
	return true;
}

bool dyno_gpu_display_changed(struct dyno_gpu *g)
{
	uint32_t events;

	if (!virtio_config_changed(&g->v))
		return false;
	if ((virtio_status(&g->v) & VIRTIO_NEEDS_RESET) != 0) {
		g->broken = true;
		return false;
	}
	virtio_config_read(&g->v, GPU_CFG_EVENTS_READ, &events, sizeof(events));
	if ((events & GPU_EVENT_DISPLAY) == 0)
		return false;
	virtio_config_write(&g->v, GPU_CFG_EVENTS_CLEAR, &events, sizeof(events));
	return read_modes(g) == 0;
}

static int create_2d(struct dyno_gpu *g, struct dyno_surface *s, uint32_t format)
{
	struct gpu_create_2d *create = request(g);
	struct gpu_attach *attach;
	int rc;

	create->id = s->id;
	create->format = format;
	create->width = s->width;
	create->height = s->height;
	rc = call(g, GPU_CREATE_2D, sizeof(*create), GPU_OK, sizeof(struct gpu_hdr));
	if (rc != 0)
		return rc;
	attach = request(g);
	attach->id = s->id;
	attach->entries = 1;
	attach->entry[0] = (struct gpu_entry){ (uintptr_t)s->pixels, 4 * s->stride * s->height, 0 };
	return call(g, GPU_ATTACH, sizeof(*attach), GPU_OK, sizeof(struct gpu_hdr));
}

static int create_blob(struct dyno_gpu *g, struct dyno_surface *s)
{
	struct gpu_create_blob *rq = request(g);

	rq->id = s->id;
	rq->mem = BLOB_GUEST;
	rq->flags = BLOB_SHAREABLE;
	rq->entries = 1;
	/* Whole pages: the allocation is at least that large. */
	rq->bytes = (4 * (uint64_t)s->stride * s->height + 4095) & ~UINT64_C(4095);
	rq->entry[0] = (struct gpu_entry){ (uintptr_t)s->pixels, (uint32_t)rq->bytes, 0 };
	return call(g, GPU_CREATE_BLOB, sizeof(*rq), GPU_OK, sizeof(struct gpu_hdr));
}

static struct dyno_surface *new_surface(
	struct dyno_gpu *g, uint32_t width, uint32_t height, uint32_t format, bool blob)
{
	struct surface *s;
	size_t bytes;
	int rc;

	if (width == 0 || height == 0 || width > 16384 || height > 16384)
		return NULL;
	bytes = (4 * (size_t)width * height + 4095) & ~(size_t)4095;
	s = dyno_alloc(sizeof(*s), 16);
	if (s == NULL)
		return NULL;
	s->pub = (struct dyno_surface){ dyno_alloc(bytes, 4096), width, height, width, g->next_id++,
		g };
	s->blob = blob;
	rc = s->pub.pixels == NULL ? DYNO_E_NOMEM
	     : blob                ? create_blob(g, &s->pub)
				   : create_2d(g, &s->pub, format);
	if (rc != 0) {
		dyno_printf("gpu: surface %ux%u: %s\n", width, height, dyno_error_name(rc));
		dyno_free(s->pub.pixels);
		dyno_free(s);
		return NULL;
	}
	return &s->pub;
}

struct dyno_surface *dyno_surface_new(struct dyno_gpu *g, uint32_t width, uint32_t height)
{
	return new_surface(g, width, height, GPU_FORMAT_BGRX, (g->v.features & GPU_F_BLOB) != 0);
}

static bool surface_idle(void *ctx)
{
	struct surface *s = ctx;
	struct dyno_gpu *g = s->pub.gpu;

	reap(g);
	if (s->transfers == 0 && s->flushes == 0)
		return true;
	virtq_arm(&g->control);
	return false;
}

void dyno_surface_free(struct dyno_surface *pub)
{
	struct surface *s = (struct surface *)pub;
	struct gpu_unref *rq;

	if (pub == NULL)
		return;
	/* A device that never answers keeps the memory: it may still read it. */
	if (!event_until(surface_idle, s))
		return;
	rq = request(pub->gpu);
	rq->id = pub->id;
	if (call(pub->gpu, GPU_UNREF, sizeof(*rq), GPU_OK, sizeof(struct gpu_hdr)) != 0)
		return;
	dyno_free(pub->pixels);
	dyno_free(s);
}

int dyno_gpu_show(struct dyno_gpu *g, unsigned int scanout, struct dyno_surface *pub)
{
	const struct surface *s = (const struct surface *)pub;

	if (scanout >= g->nscanouts)
		return DYNO_E_INVAL;
	if (s != NULL && s->blob) {
		struct gpu_set_scanout_blob *rq = request(g);

		rq->rect = (struct gpu_rect){ 0, 0, pub->width, pub->height };
		rq->scanout = scanout;
		rq->id = pub->id;
		rq->width = pub->width;
		rq->height = pub->height;
		rq->format = GPU_FORMAT_BGRX;
		rq->stride[0] = 4 * pub->stride;
		return call(g, GPU_SET_SCANOUT_BLOB, sizeof(*rq), GPU_OK, sizeof(struct gpu_hdr));
	}
	struct gpu_set_scanout *rq = request(g);

	if (s != NULL) {
		rq->rect = (struct gpu_rect){ 0, 0, pub->width, pub->height };
		rq->id = pub->id;
	}
	rq->scanout = scanout;
	return call(g, GPU_SET_SCANOUT, sizeof(*rq), GPU_OK, sizeof(struct gpu_hdr));
}

/* Adds one command; the caller made sure that there is room. */
static void add_cmd(
	struct dyno_gpu *g, struct surface *s, uint32_t type, struct dyno_rect r, bool last)
{
	struct cmd *c = g->spare;
	uint32_t bytes;

	g->spare = c->next;
	memset(&c->rq, 0, sizeof(c->rq));
	c->rq.hdr.type = type;
	c->surface = s;
	c->last = last;
	if (type == GPU_TRANSFER) {
		c->rq.transfer.rect = (struct gpu_rect){ r.x, r.y, r.w, r.h };
		c->rq.transfer.offset = 4 * ((uint64_t)r.y * s->pub.stride + r.x);
		c->rq.transfer.id = s->pub.id;
		bytes = sizeof(c->rq.transfer);
		s->transfers++;
	} else {
		c->rq.flush.rect = (struct gpu_rect){ r.x, r.y, r.w, r.h };
		c->rq.flush.id = s->pub.id;
		bytes = sizeof(c->rq.flush);
	}
	if (last) {
		c->rq.hdr.flags = GPU_FLAG_FENCE;
		c->rq.hdr.fence = ++g->next_fence;
		s->flushes++;
	}
	if (virtq_add(&g->control,
		    (struct virtq_buf[]){ { &c->rq, bytes }, { &c->answer, sizeof(c->answer) } }, 1,
		    1, c) != 0)
		dyno_panic("gpu: the control queue is smaller than its commands");
}

int dyno_gpu_present(struct dyno_surface *pub, const struct dyno_rect *damage, unsigned int n)
{
	struct surface *s = (struct surface *)pub;
	struct dyno_gpu *g = pub->gpu;
	struct dyno_rect r[GPU_DAMAGE_MAX];
	unsigned int room = 0;

	if (g->broken)
		return DYNO_E_STATE;
	n = gpu_damage_join(r, damage, n, pub->width, pub->height);
	if (n == 0)
		return 0;
	reap(g);
	for (const struct cmd *c = g->spare; c != NULL && room < 2 * n; c = c->next)
		room++;
	if (s->flushes >= MAX_FLUSHES || room < 2 * n || g->control.num_free < 4 * n) {
		g->wanted = true;
		return DYNO_E_FULL;
	}
	/* All transfers first: a display must not show half of an update. */
	for (unsigned int i = 0; i < n && !s->blob; i++)
		add_cmd(g, s, GPU_TRANSFER, r[i], false);
	for (unsigned int i = 0; i < n; i++) {
		add_cmd(g, s, GPU_FLUSH, r[i], i + 1 == n);
		g->stats.pixels += (uint64_t)r[i].w * r[i].h;
	}
	g->stats.presents++;
	g->stats.rects += n;
	virtq_kick(&g->control);
	event_post_flush();
	return 0;
}

bool dyno_surface_busy(struct dyno_surface *pub)
{
	const struct surface *s = (const struct surface *)pub;
	bool busy;

	reap(pub->gpu);
	/* A blob is read at the flush, anything else at the transfer. */
	busy = s->transfers > 0 || s->flushes >= (s->blob ? 1 : MAX_FLUSHES);
	pub->gpu->wanted |= busy;
	return busy;
}

static int send_cursor(struct dyno_gpu *g, const struct gpu_cursor *cmd)
{
	struct gpu_cursor *c;

	while (virtq_pop(&g->cursor, NULL) != NULL)
		;
	if (g->cursor.num_free == 0)
		return DYNO_E_FULL;
	/* As many as ring entries, used in turn: the device returns them in order or all are free.
	 */
	c = &g->cursor_cmd[g->cursor_next++ % CURSOR_SIZE];
	*c = *cmd;
	if (virtq_add(&g->cursor, &(struct virtq_buf){ c, sizeof(*c) }, 1, 0, c) != 0)
		return DYNO_E_FULL;
	virtq_kick(&g->cursor);
	return 0;
}

int dyno_gpu_cursor(struct dyno_gpu *g, unsigned int scanout, const uint32_t *image, uint32_t hot_x,
	uint32_t hot_y, uint32_t x, uint32_t y)
{
	struct gpu_cursor cmd = { .hdr.type = GPU_UPDATE_CURSOR,
		.scanout = scanout,
		.x = x,
		.y = y,
		.hot_x = hot_x,
		.hot_y = hot_y };

	if (scanout >= g->nscanouts)
		return DYNO_E_INVAL;
	if (image != NULL) {
		struct gpu_transfer *rq;
		int rc;

		if (g->cursor_surface == NULL)
			g->cursor_surface =
				new_surface(g, CURSOR_SIDE, CURSOR_SIDE, GPU_FORMAT_BGRA, false);
		if (g->cursor_surface == NULL)
			return DYNO_E_NOMEM;
		memcpy(g->cursor_surface->pixels, image, 4 * CURSOR_SIDE * CURSOR_SIDE);
		rq = request(g);
		rq->rect = (struct gpu_rect){ 0, 0, CURSOR_SIDE, CURSOR_SIDE };
		rq->id = g->cursor_surface->id;
		rc = call(g, GPU_TRANSFER, sizeof(*rq), GPU_OK, sizeof(struct gpu_hdr));
		if (rc != 0)
			return rc;
		cmd.id = g->cursor_surface->id;
	}
	return send_cursor(g, &cmd);
}

int dyno_gpu_cursor_move(struct dyno_gpu *g, unsigned int scanout, uint32_t x, uint32_t y)
{
	if (scanout >= g->nscanouts)
		return DYNO_E_INVAL;
	return send_cursor(
		g, &(struct gpu_cursor){
			   .hdr.type = GPU_MOVE_CURSOR, .scanout = scanout, .x = x, .y = y });
}

struct dyno_gpu_stats dyno_gpu_stats(const struct dyno_gpu *g)
{
	return g->stats;
}
