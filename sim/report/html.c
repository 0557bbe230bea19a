/* SPDX-License-Identifier: Apache-2.0 */
/* HTML on libxml2's writer; see html.h. */
#include "sim/report/html.h"

#include <libxml/xmlwriter.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "sim/check/text.h"

#define X(s) ((const xmlChar *)(s))

struct html {
	xmlBuffer *buffer;
	xmlTextWriter *w;
	bool broken; /* out of memory: the page is not used */
};

static void note(struct html *h, int rc)
{
	if (rc < 0)
		h->broken = true;
}

struct html *html_new(void)
{
	struct html *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->buffer = xmlBufferCreate();
	h->w = h->buffer ? xmlNewTextWriterMemory(h->buffer, 0) : NULL;
	if (!h->w) {
		html_free(h);
		return NULL;
	}
	note(h, xmlTextWriterWriteRaw(h->w, X("<!DOCTYPE html>\n")));
	return h;
}

void html_free(struct html *h)
{
	if (!h)
		return;
	if (h->w)
		xmlFreeTextWriter(h->w);
	if (h->buffer)
		xmlBufferFree(h->buffer);
	free(h);
}

const char *html_text_of(struct html *h, size_t *len)
{
	note(h, xmlTextWriterEndDocument(h->w));
	note(h, xmlTextWriterFlush(h->w));
	*len = (size_t)xmlBufferLength(h->buffer);
	return h->broken ? NULL : (const char *)xmlBufferContent(h->buffer);
}

void html_open_with(struct html *h, const char *name, ...)
{
	va_list ap;

	note(h, xmlTextWriterStartElement(h->w, X(name)));
	va_start(ap, name);
	for (const char *a; (a = va_arg(ap, const char *));) {
		char *value = strdup(va_arg(ap, const char *));

		if (!value) {
			h->broken = true;
			break;
		}
		clean_text(value);
		note(h, xmlTextWriterWriteAttribute(h->w, X(a), X(value)));
		free(value);
	}
	va_end(ap);
}

void html_close(struct html *h)
{
	/* "<td></td>": HTML takes "<td/>" for an open element. */
	note(h, xmlTextWriterFullEndElement(h->w));
}

void html_close_void(struct html *h)
{
	note(h, xmlTextWriterEndElement(h->w));
}

void html_put(struct html *h, const char *text)
{
	char *clean = strdup(text);

	if (!clean) {
		h->broken = true;
		return;
	}
	clean_text(clean);
	note(h, xmlTextWriterWriteString(h->w, X(clean)));
	free(clean);
}

void html_printf(struct html *h, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	html_put(h, text);
}

void html_leaf(struct html *h, const char *name, const char *css_class, const char *text)
{
	if (css_class)
		html_open(h, name, "class", css_class);
	else
		html_open(h, name);
	html_put(h, text);
	html_close(h);
}

void html_raw(struct html *h, const char *text)
{
	note(h, xmlTextWriterWriteRaw(h->w, X(text)));
}

bool html_attach(struct html *h, const char *attribute, const char *media_type, const char *path,
	size_t most_bytes)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	struct err e;
	size_t len;

	if (file_slurp(path, most_bytes, &bytes, &len, &e) || len == 0 || len > INT_MAX)
		return false;
	note(h, xmlTextWriterStartAttribute(h->w, X(attribute)));
	note(h, xmlTextWriterWriteFormatString(h->w, "data:%s;base64,", media_type));
	note(h, xmlTextWriterWriteBase64(h->w, (const char *)bytes, 0, (int)len));
	note(h, xmlTextWriterEndAttribute(h->w));
	return true;
}
