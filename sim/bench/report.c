/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts and files at the end of a run; see report.h. */
#include "sim/bench/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sim/bench/bench.h"
#include "sim/bench/cli.h"
#include "sim/check/junit.h"

static int write_junit(struct bench *b)
{
	char path[1200], seed[32], host[256] = "";
	struct junit_property props[] = { { "dyno.version", DYNO_VERSION },
		{ "scenario", b->s->path }, { "seed", seed }, { "end", b->end_cause } };
	struct junit_info info = { .started_unix_s = b->started_unix_s,
		.duration_ns = b->end_ns,
		.hostname = host,
		.properties = props,
		.n_properties = ARRAY_SIZE(props) };
	struct err e;

	snprintf(seed, sizeof(seed), "%" PRIu64, b->s->seed);
	snprintf(path, sizeof(path), "%s/junit.xml", b->out_dir);
	if (gethostname(host, sizeof(host) - 1))
		info.hostname = NULL;
	if (junit_write(b->checks, &info, path, &e)) {
		log_error("%s", e.text);
		return -1;
	}
	return 0;
}

static int write_metrics(struct bench *b)
{
	json_t *m = bench_metrics(b);
	char path[1200];
	int rc;

	snprintf(path, sizeof(path), "%s/metrics.json", b->out_dir);
	if (m) {
		json_object_set_new(m, "end", json_string(b->end_cause));
		json_object_set_new(m, "verdicts", check_json(b->checks));
	}
	rc = m ? json_dump_file(m, path, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;
	json_decref(m);
	if (rc)
		log_error("cannot write %s", path);
	return rc;
}

int report_run(struct bench *b)
{
	bool colour = isatty(1) && !getenv("NO_COLOR");
	bool written;

	if (check_finish(b->checks, b->end_ns)) {
		log_error("the checks cannot be judged: out of memory");
		return EXIT_HOST;
	}
	written = write_metrics(b) == 0;
	if (b->exit_status) {
		/* No junit.xml: what could not be seen to fail would pass in it. */
		fprintf(b->opts.console ? stderr : stdout, "the run could not take place: %s\n",
			b->end_cause);
		return b->exit_status;
	}
	written = write_junit(b) == 0 && written;
	if (b->opts.console) {
		/* Why it failed was said when it happened; stdout is the guest's. */
		fprintf(stderr, "dyno: %s: %s; results in %s/\n", b->guests[0].sg->name,
			b->guests[0].exit_reason, b->out_dir);
		return !written                  ? EXIT_HOST
		       : check_passed(b->checks) ? EXIT_PASS
						 : EXIT_CHECK_FAILED;
	}
	check_print(b->checks, stdout, colour, !b->opts.quiet);
	if (!b->opts.quiet)
		printf("results in %s/\n", b->out_dir);
	fflush(stdout);
	if (!written)
		return EXIT_HOST;
	return check_passed(b->checks) ? EXIT_PASS : EXIT_CHECK_FAILED;
}
