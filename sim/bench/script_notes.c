/* SPDX-License-Identifier: Apache-2.0 */
/* See script_notes.h. */
#include "sim/bench/script_notes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "sim/bench/bench.h"

struct script_note {
	struct script_note *next;
	uint32_t script;
	bool failed;
	uint64_t t_ns;
	char text[600];
};

void script_notes_init(struct script_notes *q, struct bench *b)
{
	*q = (struct script_notes){ .bench = b };
	pthread_mutex_init(&q->lock, NULL);
	q->end = &q->first;
}

static struct script_note *take_all(struct script_notes *q, uint64_t *left_out)
{
	struct script_note *first;

	pthread_mutex_lock(&q->lock);
	first = q->first;
	*left_out = q->left_out;
	q->first = NULL;
	q->end = &q->first;
	q->n = 0;
	q->left_out = 0;
	pthread_mutex_unlock(&q->lock);
	return first;
}

void script_notes_fini(struct script_notes *q)
{
	uint64_t left_out;

	if (!q->bench)
		return;
	for (struct script_note *x = take_all(q, &left_out), *next; x; x = next) {
		next = x->next;
		free(x);
	}
	pthread_mutex_destroy(&q->lock);
	q->bench = NULL;
}

static void show_there(void *arg)
{
	script_notes_show(arg);
}

void script_notes_add(void *arg, uint32_t script, const char *text, bool failed, uint64_t t_ns)
{
	struct script_notes *q = arg;
	struct script_note *x = malloc(sizeof(*x));
	bool first = false;

	if (!x) {
		log_error("script: %s", text);
		return;
	}
	*x = (struct script_note){ .script = script, .failed = failed, .t_ns = t_ns };
	snprintf(x->text, sizeof(x->text), "%s", text);
	pthread_mutex_lock(&q->lock);
	if (q->n >= SCRIPT_NOTES_MAX && !failed) {
		q->left_out++;
		free(x);
	} else {
		first = q->n++ == 0;
		*q->end = x;
		q->end = &x->next;
	}
	pthread_mutex_unlock(&q->lock);
	/* A loop that has stopped shows what waits at its end. */
	if (first)
		(void)!ev_post(q->bench->loop, show_there, q);
}

void script_notes_show(struct script_notes *q)
{
	struct bench *b = q->bench;
	uint64_t left_out;

	for (struct script_note *x = take_all(q, &left_out), *next; x; x = next) {
		next = x->next;
		if (x->failed) {
			term_problem(&b->term, "script stopped: %s", x->text);
			check_script(b->checks, x->script, x->t_ns, x->text);
		} else {
			term_event(&b->term, "%s: %s", b->s->scripts[x->script].name, x->text);
		}
		free(x);
	}
	if (left_out)
		term_event(&b->term, "scripts: %" PRIu64 " more lines were left out", left_out);
}
