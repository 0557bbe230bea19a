/* SPDX-License-Identifier: Apache-2.0 */
/* The scanout port that shows nothing: every present was read as soon as it was made. */
#include <errno.h>
#include <stdlib.h>

#include "devices/gpu/scanout_port.h"

static void null_surface_new(struct scanout_port *p, const struct scanout_surface *s)
{
	(void)p;
	(void)s;
}

static void null_surface_gone(struct scanout_port *p, uint32_t id)
{
	(void)p;
	(void)id;
}

static void null_present(
	struct scanout_port *p, unsigned int scanout, const struct scanout_present *pr)
{
	if (p->to.released)
		p->to.released(p->to.ctx, scanout, pr->serial);
}

static void null_off(struct scanout_port *p, unsigned int scanout)
{
	(void)p;
	(void)scanout;
}

static void null_cursor(struct scanout_port *p, unsigned int scanout,
	const struct scanout_cursor *c, const uint8_t *bgra)
{
	(void)p;
	(void)scanout;
	(void)c;
	(void)bgra;
}

static void null_cursor_move(
	struct scanout_port *p, unsigned int scanout, const struct scanout_cursor *c)
{
	(void)p;
	(void)scanout;
	(void)c;
}

static void null_free(struct scanout_port *p)
{
	free(p);
}

static const struct scanout_port_ops null_ops = {
	.name = "null",
	.surface_new = null_surface_new,
	.surface_gone = null_surface_gone,
	.present = null_present,
	.off = null_off,
	.cursor = null_cursor,
	.cursor_move = null_cursor_move,
	.free = null_free,
};

int scanout_null_new(struct scanout_port **out)
{
	struct scanout_port *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->ops = &null_ops;
	*out = p;
	return 0;
}

void scanout_port_free(struct scanout_port *p)
{
	if (p)
		p->ops->free(p);
}
