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
#include "sim/report/report.h"

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

static int write_metrics(struct bench *b, json_t *m)
{
	char path[1200];
	int rc;

	snprintf(path, sizeof(path), "%s/metrics.json", b->out_dir);
	if (m) {
		json_object_set_new(m, "end", json_string(b->end_cause));
		json_object_set_new(m, "verdicts", check_json(b->checks));
	}
	rc = m ? json_dump_file(m, path, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : -1;
	if (rc)
		log_error("cannot write %s", path);
	return rc;
}

static int write_page(struct bench *b, const json_t *metrics)
{
	const struct series *loads[SCENARIO_MAX_BUSES];
	char path[1200], host[256] = "";
	struct report_input in = { .checks = b->checks,
		.loads = loads,
		.metrics = metrics,
		.out_dir = b->out_dir,
		.version = DYNO_VERSION,
		.host = host,
		.end_cause = b->end_cause,
		.started_unix_s = b->started_unix_s,
		.duration_ns = b->end_ns };
	struct err e;

	for (uint32_t i = 0; i < b->s->n_buses; i++)
		loads[i] = buses_load(b->buses, i);
	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	snprintf(path, sizeof(path), "%s/report.html", b->out_dir);
	if (report_write(&in, path, &e)) {
		log_error("%s", e.text);
		return -1;
	}
	return 0;
}

/* The exit status that the verdicts ask for. */
static int write_all(struct bench *b, json_t *metrics)
{
	bool written = write_metrics(b, metrics) == 0;

	if (b->exit_status) {
		/* No junit.xml and no page: what could not be seen to fail would pass in them. */
		fprintf(b->opts.console ? stderr : stdout, "the run could not take place: %s\n",
			b->end_cause);
		return b->exit_status;
	}
	written = write_junit(b) == 0 && written;
	written = write_page(b, metrics) == 0 && written;
	if (!written)
		return EXIT_HOST;
	return check_passed(b->checks) ? EXIT_PASS : EXIT_CHECK_FAILED;
}

int report_run(struct bench *b)
{
	bool colour = isatty(1) && !getenv("NO_COLOR");
	json_t *metrics;
	int status;

	if (check_finish(b->checks, b->end_ns)) {
		log_error("the checks cannot be judged: out of memory");
		return EXIT_HOST;
	}
	metrics = bench_metrics(b);
	status = write_all(b, metrics);
	json_decref(metrics);
	if (b->exit_status)
		return status;
	if (b->opts.console) {
		/* Why it failed was said when it happened; stdout is the guest's. */
		fprintf(stderr, "dyno: %s: %s; results in %s/\n", b->guests[0].sg->name,
			b->guests[0].exit_reason, b->out_dir);
		return status;
	}
	check_print(b->checks, stdout, colour, !b->opts.quiet);
	if (!b->opts.quiet)
		printf("results in %s/\n", b->out_dir);
	fflush(stdout);
	return status;
}
