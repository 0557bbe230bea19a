/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes an HTML page element by element. Everything that is not an element's name is escaped, and
 * bytes that are no text become '?': a guest's console line cannot become part of the page.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct html;

/* A page in memory. NULL without memory. */
struct html *html_new(void);
void html_free(struct html *h);
/* The page as it stands, all elements closed; valid until html_free(). NULL without memory. */
const char *html_text_of(struct html *h, size_t *len);

/* Opens an element; attributes as pairs of name and value: html_open(h, "td", "class", "n"). */
#define html_open(h, ...) html_open_with((h), __VA_ARGS__, (const char *)NULL)
void html_open_with(struct html *h, const char *name, ...) __attribute__((sentinel));
/* Closes the innermost element. */
void html_close(struct html *h);
/* The same for an element that cannot hold anything: img, meta. */
void html_close_void(struct html *h);
/* Text in the innermost element. */
void html_put(struct html *h, const char *text);
void html_printf(struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* An element with a text and nothing else. */
void html_leaf(struct html *h, const char *name, const char *css_class, const char *text);
/* Text that is not escaped: style sheets of our own. */
void html_raw(struct html *h, const char *text);
/*
 * A file as a "data:" address in an attribute of the innermost element, which nothing was written
 * into yet. False, with nothing written, when it cannot be read or is larger than `most_bytes`.
 */
bool html_attach(struct html *h, const char *attribute, const char *media_type, const char *path,
	size_t most_bytes);
