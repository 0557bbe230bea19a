/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting, sorting and printing of messages. */
#include "sim/diag/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Columns of a source line that are shown; a longer line is cut around the culprit. */
#define SHOWN_COLUMNS 140

const struct source *diag_source(struct diags *d, const char *path, const char *text, size_t len)
{
	struct source *s = arena_alloc(&d->a, sizeof(*s));

	if (!s)
		return NULL;
	s->path = arena_strndup(&d->a, path, strlen(path));
	if (!s->path)
		return NULL;
	s->text = text;
	s->len = len;
	s->order = d->sources++;
	return s;
}

void diag_add(struct diags *d, enum diag_level level, const struct source *src, size_t off,
	size_t len, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (level == DIAG_ERROR)
		d->errors++;
	else
		d->warnings++;
	if (d->n >= DIAG_KEEP_MAX) {
		d->dropped++;
		return;
	}
	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 16;
		struct diag *list = realloc(d->list, cap * sizeof(*list));

		if (!list) {
			d->oom = true;
			return;
		}
		d->list = list;
		d->cap = cap;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	struct diag *m = &d->list[d->n];

	*m = (struct diag){
		.level = level, .src = src, .off = off, .len = len, .seq = (uint32_t)d->n
	};
	m->text = arena_strndup(&d->a, text, strlen(text));
	if (!m->text) {
		d->oom = true;
		return;
	}
	d->n++;
}

/* True for the bytes of a UTF-8 character after its first. */
static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t line_start(const struct source *s, size_t off)
{
	while (off > 0 && s->text[off - 1] != '\n')
		off--;
	return off;
}

static size_t line_end(const struct source *s, size_t off)
{
	while (off < s->len && s->text[off] != '\n')
		off++;
	if (off > 0 && off <= s->len && s->text[off - 1] == '\r')
		off--;
	return off;
}

uint32_t diag_line(const struct source *src, size_t off, uint32_t *column)
{
	uint32_t line = 1, col = 1;

	if (src->text) {
		off = MIN(off, src->len);
		for (size_t i = 0; i < off; i++) {
			if (src->text[i] == '\n') {
				line++;
				col = 1;
			} else if (!is_continuation(src->text[i])) {
				col++;
			}
		}
	}
	if (column)
		*column = col;
	return line;
}

/* Copies [from, to) for a terminal: control characters and tabs become one blank or '?'. */
static void put_clean(FILE *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\t')
			fputc(' ', f);
		else if (c < 0x20 || c == 0x7f)
			fputc('?', f);
		else
			fputc(c, f);
	}
}

static uint32_t columns(const char *s, size_t n)
{
	uint32_t c = 0;

	for (size_t i = 0; i < n; i++)
		c += !is_continuation(s[i]);
	return c;
}

static void print_excerpt(FILE *f, const struct diag *m, uint32_t line, bool colour)
{
	const struct source *s = m->src;
	size_t off = MIN(m->off, s->len);
	size_t a = line_start(s, off), z = line_end(s, off);

	off = MIN(off, z);
	size_t len = MIN(m->len, z - off);
	bool cut_front = z - a > SHOWN_COLUMNS && off - a > SHOWN_COLUMNS / 2, cut_back;

	if (cut_front) {
		a = off - SHOWN_COLUMNS / 4;
		while (a < off && is_continuation(s->text[a]))
			a++;
	}
	cut_back = z - a > SHOWN_COLUMNS;
	if (cut_back) {
		z = a + SHOWN_COLUMNS;
		while (z > off && is_continuation(s->text[z]))
			z--;
		len = MIN(len, z - off);
	}
	fprintf(f, "%4u | %s", line, cut_front ? "..." : "");
	put_clean(f, s->text + a, z - a);
	fprintf(f, "%s\n     | %s", cut_back ? "..." : "", cut_front ? "   " : "");
	for (uint32_t i = columns(s->text + a, off - a); i > 0; i--)
		fputc(' ', f);
	fputs(colour ? "\033[1;32m^" : "^", f);
	for (uint32_t i = columns(s->text + off, len); i > 1; i--)
		fputc('~', f);
	fputs(colour ? "\033[0m\n" : "\n", f);
}

static int by_place(const void *pa, const void *pb)
{
	const struct diag *a = pa, *b = pb;

	if (a->src->order != b->src->order)
		return a->src->order < b->src->order ? -1 : 1;
	if (a->off != b->off)
		return a->off < b->off ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool wants_colour(FILE *f)
{
	int fd = fileno(f);
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return fd >= 0 && isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static void print_one(FILE *f, const struct diag *m, bool colour)
{
	static const char *const word[] = { [DIAG_ERROR] = "error", [DIAG_WARNING] = "warning" };
	static const char *const tint[] = { [DIAG_ERROR] = "31", [DIAG_WARNING] = "35" };
	uint32_t column, line = diag_line(m->src, m->off, &column);

	if (colour)
		fputs("\033[1m", f);
	put_clean(f, m->src->path, strlen(m->src->path));
	if (m->src->text)
		fprintf(f, ":%u:%u", line, column);
	if (colour)
		fprintf(f, ": \033[%sm%s:\033[0m\033[1m ", tint[m->level], word[m->level]);
	else
		fprintf(f, ": %s: ", word[m->level]);
	put_clean(f, m->text, strlen(m->text));
	fputs(colour ? "\033[0m\n" : "\n", f);
	if (m->src->text)
		print_excerpt(f, m, line, colour);
}

static void print_count(FILE *f, size_t n, const char *what)
{
	fprintf(f, "%zu %s%s", n, what, n == 1 ? "" : "s");
}

void diag_print(struct diags *d, FILE *f)
{
	if (!f || (d->n == 0 && !d->oom))
		return;
	bool colour = wants_colour(f);
	size_t shown = MIN(d->n, (size_t)DIAG_PRINT_MAX);

	if (d->n > 0)
		qsort(d->list, d->n, sizeof(*d->list), by_place);
	for (size_t i = 0; i < shown; i++)
		print_one(f, &d->list[i], colour);
	if (shown < d->n)
		fprintf(f, "... and %zu more\n", d->n - shown + d->dropped);
	if (d->oom)
		fputs("out of memory: some messages are missing\n", f);
	if (d->errors)
		print_count(f, d->errors, "error");
	if (d->errors && d->warnings)
		fputs(", ", f);
	if (d->warnings)
		print_count(f, d->warnings, "warning");
	fputc('\n', f);
	fflush(f);
}

void diag_fini(struct diags *d)
{
	free(d->list);
	arena_fini(&d->a);
	*d = (struct diags){ 0 };
}
