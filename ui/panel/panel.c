/* SPDX-License-Identifier: Apache-2.0 */
/* See panel.h. */
#include "ui/panel/panel.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "ui/panel/font.h"

#define FIRST_W 940
#define FIRST_H 720
/* A dragged slider sends so often at most; what changed is drawn so often. */
#define SEND_NS  (40 * NS_PER_MS)
#define LOOK_NS  (50 * NS_PER_MS)
#define RETRY_NS (100 * NS_PER_MS)

struct panel {
	struct ev_loop *loop;
	struct panel_events ev;
	struct ev_io io; /* the signal port */
	struct ev_timer send, look;
	uint64_t sent_ns, looked_ns;
	bool posted; /* guarded by lock: flush_there() is on its way */
	pthread_mutex_t lock;
	struct panel_desk desk; /* guarded by lock */
};

/* ---- to the bench ---- */

static void hang_up(struct panel *p)
{
	int fd = p->io.fd;

	ev_io_del(&p->io);
	fd_close(&fd);
}

/* False: try again later. */
static bool send_records(struct panel *p, const struct signal_rec *r, uint32_t n)
{
	struct signal_rec_wire wire[SIGNAL_PORT_RECORDS];

	for (uint32_t i = 0; i < n; i++)
		wire[i] = signal_rec_pack(&r[i]);
	if (p->io.fd < 0 ||
		send(p->io.fd, wire, n * sizeof(wire[0]), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return true;
	return errno != EAGAIN && errno != ENOBUFS && errno != EINTR;
}

/* What could not be sent waits again, unless something newer does. */
static void put_back(struct panel_model *m, const struct signal_rec *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct panel_value *v = &m->values[r[i].signal];

		if (v->waits)
			continue;
		v->waits = true;
		v->type = r[i].type;
		v->want = r[i].value;
		m->waiting++;
	}
}

static void flush(struct panel *p)
{
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	uint64_t now_ns = clock_now_ns();
	json_t *ask;
	uint32_t n;

	if (now_ns < p->sent_ns + SEND_NS) {
		ev_timer_at(&p->send, p->sent_ns + SEND_NS);
		return;
	}
	p->sent_ns = now_ns;
	pthread_mutex_lock(&p->lock);
	while ((n = panel_model_take_records(&p->desk.model, r, SIGNAL_PORT_RECORDS)) > 0) {
		if (!send_records(p, r, n)) {
			put_back(&p->desk.model, r, n);
			ev_timer_at(&p->send, now_ns + RETRY_NS);
			break;
		}
	}
	while ((ask = panel_model_take_ask(&p->desk.model))) {
		pthread_mutex_unlock(&p->lock);
		p->ev.ask(p->ev.ctx, ask);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
}

static void send_due(struct ev_timer *t, uint64_t now_ns)
{
	(void)now_ns;
	flush(t->data);
}

static void flush_there(void *arg)
{
	struct panel *p = arg;

	pthread_mutex_lock(&p->lock);
	p->posted = false;
	pthread_mutex_unlock(&p->lock);
	flush(p);
}

/* ---- from the bench ---- */

/* What changed is looked at once in a while, however often it changes. */
static void look_soon(struct panel *p)
{
	if (!p->look.deadline_ns)
		ev_timer_at(&p->look, p->looked_ns + LOOK_NS);
}

static void look_due(struct ev_timer *t, uint64_t now_ns)
{
	struct panel *p = t->data;

	p->looked_ns = now_ns;
	p->ev.changed(p->ev.ctx);
}

static void on_signals(struct ev_io *io, uint32_t revents)
{
	struct signal_rec r[SIGNAL_PORT_RECORDS];
	struct panel *p = io->data;
	int n = signal_rec_recv(io->fd, p->desk.model.spec.n_signals, r);

	(void)revents;
	if (n == 0)
		return;
	if (n < 0) {
		if (n == -EBADMSG)
			log_warn("the panel's signals: what came is no packet of values");
		hang_up(p);
		return;
	}
	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < n; i++) {
		if (r[i].type == SIGNAL_REC_VALUE)
			panel_model_value(&p->desk.model, &r[i]);
	}
	pthread_mutex_unlock(&p->lock);
	look_soon(p);
}

void panel_state(struct panel *p, const json_t *msg)
{
	struct err e = { .text = "" };
	int rc;

	pthread_mutex_lock(&p->lock);
	rc = panel_model_state(&p->desk.model, msg, &e);
	panel_desk_tick(&p->desk, clock_now_ns());
	pthread_mutex_unlock(&p->lock);
	if (rc < 0)
		log_warn("the panel's state: %s", e.text);
	look_soon(p);
}

void panel_note(struct panel *p, bool bad, const char *text)
{
	pthread_mutex_lock(&p->lock);
	panel_desk_note(&p->desk, bad, text, clock_now_ns());
	pthread_mutex_unlock(&p->lock);
	look_soon(p);
}

/* ---- pictures ---- */

void panel_first_size(const struct panel_spec *s, double scale, int *w, int *h)
{
	*w = (int)lround((s->width ? s->width : FIRST_W) * scale);
	*h = (int)lround((s->height ? s->height : FIRST_H) * scale);
}

static void to_rgba(const uint32_t *px, struct image *out)
{
	for (size_t i = 0; i < (size_t)out->width * out->height; i++) {
		out->px[4 * i] = (uint8_t)(px[i] >> 16);
		out->px[4 * i + 1] = (uint8_t)(px[i] >> 8);
		out->px[4 * i + 2] = (uint8_t)px[i];
		out->px[4 * i + 3] = 255;
	}
}

int panel_snapshot(struct panel *p, struct image *out)
{
	struct raster r;
	uint32_t *px;
	int w, h, rc;

	pthread_mutex_lock(&p->lock);
	w = p->desk.layout.width;
	h = p->desk.layout.height;
	px = malloc((size_t)w * (size_t)h * sizeof(*px));
	rc = px ? image_new(out, (uint32_t)w, (uint32_t)h) : -ENOMEM;
	if (rc == 0) {
		raster_init(&r, p->desk.fonts, px, w, h, (size_t)w);
		panel_desk_paint(&p->desk, &r.canvas);
		to_rgba(px, out);
	}
	pthread_mutex_unlock(&p->lock);
	free(px);
	return rc;
}

json_t *panel_controls(struct panel *p)
{
	json_t *list;

	pthread_mutex_lock(&p->lock);
	list = panel_desk_controls(&p->desk);
	pthread_mutex_unlock(&p->lock);
	return list;
}

/* ---- the window's side ---- */

struct panel_desk *panel_lock(struct panel *p)
{
	pthread_mutex_lock(&p->lock);
	return &p->desk;
}

void panel_unlock(struct panel *p)
{
	const struct panel_model *m = &p->desk.model;
	bool post = !p->posted && (m->waiting || json_array_size(m->asks));

	p->posted |= post;
	pthread_mutex_unlock(&p->lock);
	if (post && ev_post(p->loop, flush_there, p))
		log_debug("the panel's loop has ended");
}

const struct panel_spec *panel_spec_of(const struct panel *p)
{
	return &p->desk.model.spec;
}

/* ---- life ---- */

static int read_spec(int fd, struct panel_spec *out, struct err *e)
{
	uint8_t *text = NULL;
	size_t len = 0;
	json_error_t je;
	json_t *root;
	int rc = fd_slurp(fd, PANEL_SPEC_BYTES, &text, &len);

	if (rc < 0)
		return err_errno(e, -rc, "cannot read the panel's description");
	/* Behind the text a memfd may have room. */
	root = json_loadb((const char *)text, strnlen((const char *)text, len), 0, &je);
	free(text);
	if (!root)
		return err_set(e, -EINVAL, "the panel's description: %s", je.text);
	return panel_spec_parse(root, out, e);
}

static int make(struct panel *p, int spec_fd, struct err *e)
{
	struct panel_fonts *fonts = NULL;
	struct panel_spec spec = { .root = NULL };
	int w, h, rc = read_spec(spec_fd, &spec, e);

	if (rc < 0)
		return rc;
	rc = panel_fonts_open(&fonts, e);
	if (rc < 0) {
		panel_spec_fini(&spec);
		return rc;
	}
	panel_first_size(&spec, 1, &w, &h);
	rc = panel_desk_init(&p->desk, &spec, fonts);
	if (rc == 0)
		rc = panel_desk_resize(&p->desk, w, h, 1);
	return rc < 0 ? err_set(e, rc, "out of memory") : 0;
}

int panel_new(struct panel **out, struct ev_loop *loop, int spec_fd_take, int signals_fd_take,
	const struct panel_events *ev, struct err *e)
{
	struct panel *p = calloc(1, sizeof(*p));
	int rc;

	if (!p) {
		fd_close(&spec_fd_take);
		fd_close(&signals_fd_take);
		return err_set(e, -ENOMEM, "out of memory");
	}
	p->loop = loop;
	p->ev = *ev;
	p->io = (struct ev_io)EV_IO_INIT;
	pthread_mutex_init(&p->lock, NULL);
	rc = make(p, spec_fd_take, e);
	if (rc == 0 && (ev_timer_init(loop, &p->send, send_due, p) < 0 ||
			       ev_timer_init(loop, &p->look, look_due, p) < 0))
		rc = err_set(e, -ENOMEM, "out of memory");
	if (rc == 0 && signals_fd_take >= 0) {
		rc = ev_io_add(loop, &p->io, signals_fd_take, EPOLLIN, on_signals, p);
		if (rc == 0)
			signals_fd_take = -1;
		else
			(void)err_errno(e, -rc, "cannot watch the panel's signals");
	}
	fd_close(&spec_fd_take);
	fd_close(&signals_fd_take);
	if (rc < 0) {
		panel_free(p);
		return rc;
	}
	*out = p;
	return 0;
}

void panel_free(struct panel *p)
{
	if (!p)
		return;
	hang_up(p);
	ev_timer_fini(&p->send);
	ev_timer_fini(&p->look);
	panel_desk_fini(&p->desk);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
