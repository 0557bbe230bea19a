/* SPDX-License-Identifier: Apache-2.0 */
/* Judging of pictures, after the run: reference pictures, blank displays, difference pictures. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/image.h"
#include "sim/check/judge.h"

/* The newest picture of a checkpoint's display; a repeated screenshot replaces an earlier one. */
static const struct picture *find(const struct check_set *c, const struct scenario_check *k)
{
	for (const struct picture *p = c->pictures; p; p = p->next) {
		if (p->guest == k->guest && p->display == k->display && p->checkpoint &&
			strcmp(p->checkpoint, k->u.screen.checkpoint) == 0)
			return p;
	}
	return NULL;
}

/* Name of the difference picture: only characters that every file system takes. */
static void diff_path(
	const struct check_set *c, const struct scenario_check *k, char *buf, size_t cap)
{
	char name[160];

	snprintf(name, sizeof(name), "diff-%s-%s-%u", k->u.screen.checkpoint,
		c->s->guests[k->guest].name, k->display);
	for (char *p = name; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			*p = '_';
	}
	/* Two checks may look at one picture. */
	snprintf(buf, cap, "%s/%s-%u.png", c->out_dir, name, (unsigned int)(k - c->s->checks));
}

static enum check_outcome compare(struct check_set *c, const struct scenario_check *k,
	const struct image *seen, const struct image *ref, char why[REASON_BYTES])
{
	const struct display_rect *r = k->u.screen.has_region ? &k->u.screen.region : NULL;
	struct image_diff d;
	struct image mark = { 0 };
	struct err e;
	char path[4096];

	if (ref->width != seen->width || ref->height != seen->height) {
		snprintf(why, REASON_BYTES,
			"the display shows %u x %u pixels, the reference has %u x %u", seen->width,
			seen->height, ref->width, ref->height);
		return CHECK_FAIL;
	}
	if (image_compare(ref, seen, r, k->u.screen.threshold, &d, NULL) != 0 || d.pixels == 0) {
		snprintf(why, REASON_BYTES, "the pictures cannot be compared");
		return CHECK_ERROR;
	}
	double part = (double)d.different / (double)d.pixels;
	int l = snprintf(why, REASON_BYTES,
		"%.3g%% of %" PRIu64
		" pixels differ (%.3g%% allowed), largest difference %u of 255",
		part * 100, d.pixels, k->u.screen.max_different * 100, d.max_delta);

	if (part <= k->u.screen.max_different)
		return CHECK_PASS;
	if (!c->out_dir)
		return CHECK_FAIL;
	diff_path(c, k, path, sizeof(path));
	if (image_compare(ref, seen, r, k->u.screen.threshold, &d, &mark) == 0 &&
		image_save(&mark, path, &e) == 0)
		snprintf(why + l, REASON_BYTES - (size_t)l, "; see %s", path);
	image_fini(&mark);
	return CHECK_FAIL;
}

static enum check_outcome judge(struct check_set *c, const struct scenario_check *k,
	const struct image *seen, char why[REASON_BYTES])
{
	const struct display_rect *r = k->u.screen.has_region ? &k->u.screen.region : NULL;
	struct image ref = { 0 };
	struct err e;

	if (r && !display_rect_inside(*r, seen->width, seen->height)) {
		snprintf(why, REASON_BYTES, "the region is not inside of the %u x %u pixels shown",
			seen->width, seen->height);
		return CHECK_FAIL;
	}
	if (k->kind == SCENARIO_CHECK_NOT_BLANK) {
		bool blank = image_is_blank(seen, r);

		snprintf(why, REASON_BYTES,
			blank ? "every pixel has the same colour"
			      : "it shows more than one colour");
		return blank ? CHECK_FAIL : CHECK_PASS;
	}
	if (image_load(&ref, k->u.screen.reference, &e) != 0) {
		snprintf(why, REASON_BYTES, "reference: %.400s", e.text);
		return CHECK_ERROR;
	}
	enum check_outcome o = compare(c, k, seen, &ref, why);

	image_fini(&ref);
	return o;
}

enum check_outcome pictures_judge(
	struct check_set *c, const struct scenario_check *k, uint64_t *t_ns, char why[REASON_BYTES])
{
	const struct picture *p = find(c, k);
	struct image seen = { 0 };
	struct err e;

	if (!p) {
		snprintf(why, REASON_BYTES, "no picture was taken at checkpoint \"%s\"",
			k->u.screen.checkpoint);
		return CHECK_NOT_RUN;
	}
	*t_ns = p->t_ns;
	if (!p->path || p->error) {
		snprintf(why, REASON_BYTES, "no picture: %s", p->error ? p->error : "not saved");
		return CHECK_FAIL;
	}
	if (image_load(&seen, p->path, &e) != 0) {
		snprintf(why, REASON_BYTES, "the picture that was taken: %.400s", e.text);
		return CHECK_ERROR;
	}
	enum check_outcome o = judge(c, k, &seen, why);

	image_fini(&seen);
	return o;
}

bool check_picture_at(const struct check_set *c, size_t i, struct check_picture_info *out)
{
	const struct picture *p = c->pictures;
	size_t n = 0;

	for (const struct picture *q = p; q; q = q->next)
		n++;
	if (i >= n)
		return false;
	/* The newest is the first of the list. */
	while (p && i + 1 < n--)
		p = p->next;
	if (!p)
		return false;
	*out = (struct check_picture_info){ p->checkpoint, p->guest, p->display, p->t_ns, p->path,
		p->error };
	return true;
}

bool check_difference(
	const struct check_set *c, const struct check_verdict *v, char *path, size_t cap)
{
	const struct scenario_check *k = v->check;

	if (k->kind != SCENARIO_CHECK_SCREEN || v->outcome != CHECK_FAIL || !c->out_dir)
		return false;
	diff_path(c, k, path, cap);
	return access(path, R_OK) == 0;
}
