/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polygons by signed area: every edge adds its area to the cells it crosses and its height to what
 * follows in the row; a running sum along the row is then the coverage. Work is done in bands of
 * rows, so that a small scratch buffer serves any size.
 */
#include "path.h"

#include <math.h>
#include <string.h>

/* A band of rows under construction: cell[y * stride + x], stride = w + 2. */
struct raster {
	float *cell;
	struct gfx_rect r; /* the band, in pixels of the surface */
	int stride;
};

/* Adds the part of an edge inside one row; x relative to the band, 0 <= x <= w. */
static void add_in_row(float *row, float x0, float x1, float dy)
{
	float left = x0 < x1 ? x0 : x1, right = x0 < x1 ? x1 : x0;
	int first = (int)left, last = (int)right;
	float per_x;

	if (first == last) {
		float mid = (left + right) * 0.5f - (float)first;

		row[first] += dy * (1.0f - mid);
		row[first + 1] += dy * mid;
		return;
	}
	per_x = dy / (right - left);
	for (int i = first; i <= last; i++) {
		float a = i == first ? left : (float)i;
		float b = i == last ? right : (float)(i + 1);
		float part = (b - a) * per_x, mid = (a + b) * 0.5f - (float)i;

		row[i] += part * (1.0f - mid);
		row[i + 1] += part * mid;
	}
}

/* An edge whose x lies within the band's columns. */
static void add_inside(const struct raster *r, float x0, float y0, float x1, float y1)
{
	float dir = 1.0f, slope;
	int from, to;

	if (y0 == y1)
		return;
	if (y0 > y1) {
		float t = y0;

		y0 = y1, y1 = t;
		t = x0, x0 = x1, x1 = t;
		dir = -1.0f;
	}
	if (y1 <= 0.0f || y0 >= (float)r->r.h)
		return;
	slope = (x1 - x0) / (y1 - y0);
	if (y0 < 0.0f) {
		x0 -= y0 * slope;
		y0 = 0.0f;
	}
	if (y1 > (float)r->r.h) {
		x1 -= (y1 - (float)r->r.h) * slope;
		y1 = (float)r->r.h;
	}
	from = (int)y0;
	to = (int)ceilf(y1);
	for (int y = from; y < to; y++) {
		float top = y == from ? y0 : (float)y;
		float bottom = y == to - 1 ? y1 : (float)(y + 1);
		float xa = x0 + (top - y0) * slope, xb = x0 + (bottom - y0) * slope;
		float w = (float)r->r.w;

		/* Rounding may leave the columns by a hair. */
		xa = xa < 0.0f ? 0.0f : xa > w ? w : xa;
		xb = xb < 0.0f ? 0.0f : xb > w ? w : xb;
		add_in_row(r->cell + (ptrdiff_t)y * r->stride, xa, xb, dir * (bottom - top));
	}
}

/* Any edge: what lies left or right of the band is moved to its border. */
static void add_edge(const struct raster *r, struct gfx_point p, struct gfx_point q)
{
	float w = (float)r->r.w, x0 = p.x - (float)r->r.x, x1 = q.x - (float)r->r.x;
	float y0 = p.y - (float)r->r.y, y1 = q.y - (float)r->r.y;
	float border[2] = { 0.0f, w };

	if (y0 == y1 || (y0 <= 0.0f && y1 <= 0.0f) || (y0 >= (float)r->r.h && y1 >= (float)r->r.h))
		return;
	if (x0 > x1) {
		border[0] = w;
		border[1] = 0.0f;
	}
	for (unsigned int i = 0; i < 2; i++) {
		float b = border[i];

		if ((x0 < b && x1 > b) || (x0 > b && x1 < b)) {
			float ym = y0 + (b - x0) * (y1 - y0) / (x1 - x0);
			float xc = x0 < 0.0f ? 0.0f : x0 > w ? w : x0;

			add_inside(r, xc, y0, b, ym);
			x0 = b, y0 = ym;
		}
	}
	x0 = x0 < 0.0f ? 0.0f : x0 > w ? w : x0;
	x1 = x1 < 0.0f ? 0.0f : x1 > w ? w : x1;
	add_inside(r, x0, y0, x1, y1);
}

static void add_polygon(const struct raster *r, const struct gfx_point *p, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		add_edge(r, p[i], p[i + 1 == n ? 0 : i + 1]);
}

static void blend_band(const struct gfx *g, const struct raster *r, gfx_color c)
{
	for (int y = 0; y < r->r.h; y++) {
		const float *cell = r->cell + (ptrdiff_t)y * r->stride;
		uint32_t *row = gfx_row(g, r->r.y + y) + r->r.x;
		float sum = 0.0f;

		for (int x = 0; x < r->r.w; x++) {
			uint32_t cov;

			sum += cell[x];
			cov = gfx_cov(fabsf(sum));
			if (cov)
				gfx_blend(&row[x], c, cov);
		}
	}
}

/* Something that can add its edges to a band again and again. */
struct outline {
	void (*emit)(const struct raster *r, const void *arg);
	const void *arg;
	float x0, y0, x1, y1; /* box */
};

static void fill_outline(const struct gfx *g, const struct outline *o, gfx_color c)
{
	int x = (int)floorf(o->x0), y = (int)floorf(o->y0);
	struct gfx_rect box = { x, y, (int)ceilf(o->x1) - x, (int)ceilf(o->y1) - y };
	int rows;

	box = gfx_rect_and(box, g->clip);
	if (gfx_rect_empty(box) || !g->scratch || box.w + 2 > GFX_SCRATCH)
		return;
	rows = GFX_SCRATCH / (box.w + 2);
	for (int top = box.y; top < box.y + box.h; top += rows) {
		int h = box.y + box.h - top < rows ? box.y + box.h - top : rows;
		struct raster r = { g->scratch, { box.x, top, box.w, h }, box.w + 2 };

		memset(r.cell, 0, (size_t)(r.stride * h) * sizeof(float));
		o->emit(&r, o->arg);
		blend_band(g, &r, c);
	}
}

struct polygon {
	const struct gfx_point *p;
	unsigned int n;
};

static void emit_polygon(const struct raster *r, const void *arg)
{
	const struct polygon *p = arg;

	add_polygon(r, p->p, p->n);
}

void gfx_polygon(const struct gfx *g, const struct gfx_point *p, unsigned int n, gfx_color c)
{
	struct polygon poly = { p, n };
	struct outline o = { emit_polygon, &poly, 1e9f, 1e9f, -1e9f, -1e9f };

	for (unsigned int i = 0; i < n; i++) {
		o.x0 = fminf(o.x0, p[i].x);
		o.y0 = fminf(o.y0, p[i].y);
		o.x1 = fmaxf(o.x1, p[i].x);
		o.y1 = fmaxf(o.y1, p[i].y);
	}
	if (n >= 3)
		fill_outline(g, &o, c);
}

/* A circle as a polygon, always in the same direction. */
static void add_circle(const struct raster *r, float cx, float cy, float radius, bool hole)
{
	struct gfx_point p[64];
	unsigned int n = radius < 3.0f ? 12 : radius < 12.0f ? 24 : radius < 48.0f ? 40 : 64;
	float step = 6.28318530718f / (float)n, c = cosf(step), s = sinf(step);
	float x = radius, y = 0.0f;

	if (cy + radius < (float)r->r.y || cy - radius > (float)(r->r.y + r->r.h))
		return;
	s = hole ? -s : s;
	for (unsigned int i = 0; i < n; i++) {
		float t = x * c - y * s;

		p[i] = (struct gfx_point){ cx + x, cy + y };
		y = x * s + y * c;
		x = t;
	}
	add_polygon(r, p, n);
}

static void add_stroke(const struct raster *r, struct gfx_point a, struct gfx_point b, float half)
{
	float dx = b.x - a.x, dy = b.y - a.y, len = sqrtf(dx * dx + dy * dy);
	struct gfx_point quad[4];

	if (len > 1e-4f) {
		float nx = -dy / len * half, ny = dx / len * half;

		quad[0] = (struct gfx_point){ a.x - nx, a.y - ny };
		quad[1] = (struct gfx_point){ b.x - nx, b.y - ny };
		quad[2] = (struct gfx_point){ b.x + nx, b.y + ny };
		quad[3] = (struct gfx_point){ a.x + nx, a.y + ny };
		add_polygon(r, quad, 4);
	}
}

struct stroke {
	struct gfx_point a, b;
	float half;
};

static void emit_stroke(const struct raster *r, const void *arg)
{
	const struct stroke *s = arg;

	add_stroke(r, s->a, s->b, s->half);
	add_circle(r, s->a.x, s->a.y, s->half, false);
	add_circle(r, s->b.x, s->b.y, s->half, false);
}

void gfx_line(const struct gfx *g, float x0, float y0, float x1, float y1, float width, gfx_color c)
{
	float half = width * 0.5f;
	struct stroke s = { { x0, y0 }, { x1, y1 }, half };
	struct outline o = { emit_stroke, &s, fminf(x0, x1) - half, fminf(y0, y1) - half,
		fmaxf(x0, x1) + half, fmaxf(y0, y1) + half };

	fill_outline(g, &o, c);
}

/* --- shapes written as text ------------------------------------------------------------------ */

#define SUBPATH_MAX 256

struct shape {
	const char *text;
	float x, y, scale;
};

struct pen {
	const struct raster *r; /* NULL: only measure */
	struct gfx_point p[SUBPATH_MAX];
	unsigned int n;
	float half; /* of a stroke; 0: fill */
	bool hole, closed;
	float x0, y0, x1, y1;
};

static bool number(const char **t, float *out)
{
	const char *s = *t;
	float v = 0.0f, place = 0.1f, sign = 1.0f;
	bool digits = false;

	while (*s == ' ' || *s == ',')
		s++;
	if (*s == '-') {
		sign = -1.0f;
		s++;
	}
	for (; *s >= '0' && *s <= '9'; s++, digits = true)
		v = v * 10.0f + (float)(*s - '0');
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, digits = true, place *= 0.1f)
			v += (float)(*s - '0') * place;
	}
	*out = sign * v;
	*t = s;
	return digits;
}

static void measure(struct pen *k, float x, float y, float by)
{
	k->x0 = fminf(k->x0, x - by);
	k->y0 = fminf(k->y0, y - by);
	k->x1 = fmaxf(k->x1, x + by);
	k->y1 = fmaxf(k->y1, y + by);
}

static void pen_point(struct pen *k, float x, float y)
{
	if (k->n < SUBPATH_MAX)
		k->p[k->n++] = (struct gfx_point){ x, y };
	measure(k, x, y, k->half);
}

/* Ends the subpath: adds its edges, or only has measured it. */
static void pen_flush(struct pen *k)
{
	if (k->r && k->half > 0.0f) {
		unsigned int last = k->closed ? k->n : k->n - 1;

		for (unsigned int i = 0; k->n > 1 && i < last; i++)
			add_stroke(k->r, k->p[i], k->p[(i + 1) % k->n], k->half);
		for (unsigned int i = 0; i < k->n; i++)
			add_circle(k->r, k->p[i].x, k->p[i].y, k->half, false);
	} else if (k->r && k->n >= 3) {
		float area = 0.0f;
		bool forward;

		for (unsigned int i = 0; i < k->n; i++) {
			struct gfx_point a = k->p[i], b = k->p[(i + 1) % k->n];

			area += a.x * b.y - b.x * a.y;
		}
		/* All parts run the same way, holes the other way, however they were written. */
		forward = (area > 0.0f) != k->hole;
		for (unsigned int i = 0; i < k->n; i++) {
			struct gfx_point a = k->p[i], b = k->p[(i + 1) % k->n];

			add_edge(k->r, forward ? a : b, forward ? b : a);
		}
	}
	k->n = 0;
	k->closed = false;
}

static void pen_cubic(struct pen *k, const float *v)
{
	struct gfx_point a = k->p[k->n ? k->n - 1 : 0];

	for (int i = 1; i <= 10; i++) {
		float t = (float)i / 10.0f, u = 1.0f - t;
		float b0 = u * u * u, b1 = 3 * u * u * t, b2 = 3 * u * t * t, b3 = t * t * t;

		pen_point(k, b0 * a.x + b1 * v[0] + b2 * v[2] + b3 * v[4],
			b0 * a.y + b1 * v[1] + b2 * v[3] + b3 * v[5]);
	}
}

static void pen_box(struct pen *k, float x, float y, float w, float h, float r)
{
	const float at[4][2] = { { x + r, y + r }, { x + w - r, y + r }, { x + w - r, y + h - r },
		{ x + r, y + h - r } };

	pen_flush(k);
	for (int c = 0; c < 4; c++) {
		for (int i = 0; i <= 6; i++) {
			float a = 3.14159265f + (float)c * 1.57079633f + (float)i * 0.26179939f;

			pen_point(k, at[c][0] + r * cosf(a), at[c][1] + r * sinf(a));
			if (r <= 0.0f)
				break;
		}
	}
	k->closed = true;
	pen_flush(k);
}

static void pen_circle(struct pen *k, float cx, float cy, float radius)
{
	pen_flush(k);
	if (k->half > 0.0f) {
		for (int i = 0; i < 48; i++) {
			float a = (float)i * 0.130899694f;

			pen_point(k, cx + radius * cosf(a), cy + radius * sinf(a));
		}
		k->closed = true;
		pen_flush(k);
		return;
	}
	measure(k, cx, cy, radius);
	if (k->r)
		add_circle(k->r, cx, cy, radius, k->hole);
}

static void walk_shape(struct pen *k, const struct shape *s)
{
	const char *t = s->text;
	float ox = s->x, oy = s->y, m = s->scale;

	for (;;) {
		static const char letters[] = "MLHVCQZOBFXS";
		static const uint8_t takes[] = { 2, 2, 1, 1, 6, 4, 0, 3, 5, 0, 0, 1 };
		struct gfx_point at = k->n ? k->p[k->n - 1] : (struct gfx_point){ ox, oy };
		const char *which;
		float v[6] = { 0 };
		char op;

		while (*t == ' ')
			t++;
		op = *t;
		which = op ? strchr(letters, op) : NULL;
		if (!which)
			break;
		t++;
		for (unsigned int i = 0; i < takes[which - letters]; i++) {
			if (!number(&t, &v[i]))
				return;
		}
		switch (op) {
		case 'M':
			pen_flush(k);
			pen_point(k, ox + v[0] * m, oy + v[1] * m);
			break;
		case 'L':
			pen_point(k, ox + v[0] * m, oy + v[1] * m);
			break;
		case 'H':
			pen_point(k, ox + v[0] * m, at.y);
			break;
		case 'V':
			pen_point(k, at.x, oy + v[0] * m);
			break;
		case 'C':
			for (unsigned int i = 0; i < 6; i++)
				v[i] = (i & 1 ? oy : ox) + v[i] * m;
			pen_cubic(k, v);
			break;
		case 'Q': {
			float qx = ox + v[0] * m, qy = oy + v[1] * m;
			float ex = ox + v[2] * m, ey = oy + v[3] * m;
			float c[6] = { at.x + (qx - at.x) * 2 / 3, at.y + (qy - at.y) * 2 / 3,
				ex + (qx - ex) * 2 / 3, ey + (qy - ey) * 2 / 3, ex, ey };

			pen_cubic(k, c);
			break;
		}
		case 'Z':
			k->closed = true;
			pen_flush(k);
			break;
		case 'O':
			pen_circle(k, ox + v[0] * m, oy + v[1] * m, v[2] * m);
			break;
		case 'B':
			pen_box(k, ox + v[0] * m, oy + v[1] * m, v[2] * m, v[3] * m, v[4] * m);
			break;
		default:
			pen_flush(k);
			k->hole = op == 'X';
			k->half = op == 'S' ? v[0] * m * 0.5f : 0.0f;
			break;
		}
	}
	pen_flush(k);
}

static void emit_shape(const struct raster *r, const void *arg)
{
	struct pen k = { .r = r };

	walk_shape(&k, arg);
}

void gfx_shape(const struct gfx *g, const char *text, float x, float y, float scale, gfx_color c)
{
	struct shape s = { text, x, y, scale };
	struct pen k = { .x0 = 1e9f, .y0 = 1e9f, .x1 = -1e9f, .y1 = -1e9f };
	struct outline o = { emit_shape, &s, 0, 0, 0, 0 };

	walk_shape(&k, &s);
	if (k.x1 < k.x0)
		return;
	o.x0 = k.x0, o.y0 = k.y0, o.x1 = k.x1, o.y1 = k.y1;
	fill_outline(g, &o, c);
}
