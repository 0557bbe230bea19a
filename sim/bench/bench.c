/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run sequence: children first and in parallel, then everything that they do not need, then
 * one event loop until the end; see bench.h.
 *
 * Bench time 0 is the moment at which the last guest was about to run its first instruction.
 */
#include "sim/bench/bench.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ipc.h"
#include "base/log.h"
#include "sim/bench/action.h"
#include "sim/bench/cli.h"
#include "sim/bench/feeds.h"
#include "sim/bench/host.h"
#include "sim/bench/report.h"

#define START_LIMIT_NS   (60 * NS_PER_S) /* of the machines: large images on a slow disk */
#define CAPTURE_LIMIT_NS (10 * NS_PER_S)
#define STOP_LIMIT_NS    (5 * NS_PER_S)
#define TAIL_SHOWN       8

/* ---- end of the run ---- */

static bool any_guest_alive(const struct bench *b)
{
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		if (guest_alive(&b->guests[i]))
			return true;
	}
	return false;
}

static bool anyone_alive(const struct bench *b)
{
	return any_guest_alive(b) || (b->ui.started && ui_alive(&b->ui)) || audio_alive(&b->audio);
}

static void finish_when_alone(struct bench *b)
{
	if (b->phase != BENCH_STOPPING)
		return;
	/* After the guests, so that what they said last was heard. */
	if (!any_guest_alive(b))
		audio_stop(&b->audio);
	if (anyone_alive(b))
		return;
	b->phase = BENCH_DONE;
	/* Only now: their guests may have flushed until the end. */
	services_stop(&b->services);
	ev_timer_stop(&b->phase_timer);
	ev_loop_stop(b->loop);
}

static void stop_all(struct bench *b)
{
	if (b->phase >= BENCH_STOPPING)
		return;
	b->phase = BENCH_STOPPING;
	ev_timer_at(&b->phase_timer, clock_now_ns() + STOP_LIMIT_NS);
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		struct guest *g = &b->guests[i];

		if (!guest_alive(g))
			continue;
		g->stop_wanted = true;
		if (!g->memory)
			g->memory = metrics_guest_memory(g);
		guest_request(g, "stop", NULL, NULL);
	}
	ui_stop(&b->ui);
	finish_when_alone(b);
}

static void end_captured(void *arg, const char *error)
{
	struct bench *b = arg;

	(void)error;
	if (--b->open_captures == 0 && b->phase == BENCH_ENDING)
		stop_all(b);
}

static void end_asked(void *arg, const json_t *reply, const char *error)
{
	(void)reply;
	end_captured(arg, error);
}

/* For good. */
static void stop_clock(struct bench *b)
{
	uint64_t now = clock_now_ns();

	bench_clock_pause(&b->clock, now);
	buses_end(b->buses, now);
}

void bench_end(struct bench *b, const char *cause)
{
	if (b->phase >= BENCH_ENDING)
		return;
	if (b->phase == BENCH_STARTING) {
		/* Nothing ran: nothing can have passed. */
		b->exit_status = EXIT_CHECK_FAILED;
		bench_fail(b, cause);
		return;
	}
	b->end_cause = cause;
	b->end_ns = bench_now(b);
	if (strcmp(cause, "duration") != 0)
		term_event(&b->term, "the run ends: %s", cause);
	b->phase = BENCH_ENDING;
	stop_clock(b);
	agenda_sync(&b->agenda);
	ev_timer_at(&b->phase_timer, clock_now_ns() + CAPTURE_LIMIT_NS);
	/* One for ourselves, so that answers which come at once do not end it too early. */
	b->open_captures = 1;
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		if (b->s->guests[i].balloon.enabled && guest_alive(&b->guests[i])) {
			b->open_captures++;
			guest_balloon(&b->guests[i], 0, end_asked, b);
		}
		for (uint32_t d = 0; d < b->s->guests[i].n_displays; d++) {
			b->open_captures++;
			bench_checkpoint(b, i, d, SCENARIO_CHECKPOINT_END, end_captured, b);
		}
	}
	end_captured(b, NULL);
}

void bench_fail(struct bench *b, const char *cause)
{
	if (!b->exit_status)
		b->exit_status = EXIT_HOST;
	if (b->phase >= BENCH_STOPPING)
		return;
	b->end_cause = cause;
	b->end_ns = bench_now(b);
	stop_clock(b);
	stop_all(b);
}

static void phase_limit(struct ev_timer *t, uint64_t now_ns)
{
	struct bench *b = t->data;

	(void)now_ns;
	switch (b->phase) {
	case BENCH_STARTING:
		for (uint32_t i = 0; i < b->s->n_guests; i++) {
			if (b->guests[i].state == GUEST_STARTING)
				term_problem(&b->term,
					"guest %s: dyno-vm did not build the machine within %d s",
					b->guests[i].sg->name, (int)(START_LIMIT_NS / NS_PER_S));
		}
		bench_fail(b, "the guests could not be started");
		break;
	case BENCH_ENDING:
		term_problem(&b->term, "dyno-ui did not deliver all pictures in time");
		stop_all(b);
		break;
	case BENCH_STOPPING:
		for (uint32_t i = 0; i < b->s->n_guests; i++) {
			if (!guest_alive(&b->guests[i]))
				continue;
			term_problem(&b->term, "guest %s: dyno-vm does not end, killed",
				b->guests[i].sg->name);
			child_kill(&b->guests[i].vm);
		}
		if (b->ui.started)
			child_kill(&b->ui.child);
		break;
	case BENCH_RUNNING:
	case BENCH_DONE:
		break;
	}
}

/* ---- pictures ---- */

struct picture {
	struct bench *b;
	uint32_t guest, display;
	uint64_t t_ns;
	void (*done)(void *arg, const char *error);
	void *arg;
	char path[1200];
	char checkpoint[SCENARIO_NAME_MAX + 1];
};

static void picture_done(void *arg, const char *error)
{
	struct picture *p = arg;
	struct bench *b = p->b;

	check_picture(b->checks, p->checkpoint, p->guest, p->display, p->t_ns, p->path, error);
	if (error)
		term_problem(&b->term, "no picture of %s display %u for %s: %s",
			b->s->guests[p->guest].name, p->display, p->checkpoint, error);
	p->done(p->arg, error);
	free(p);
}

void bench_checkpoint(struct bench *b, uint32_t guest, uint32_t display, const char *checkpoint,
	void (*done)(void *arg, const char *error), void *arg)
{
	struct picture *p = malloc(sizeof(*p));

	if (!p) {
		done(arg, "out of memory");
		return;
	}
	*p = (struct picture){ .b = b,
		.guest = guest,
		.display = display,
		.t_ns = bench_now(b),
		.done = done,
		.arg = arg };
	snprintf(p->checkpoint, sizeof(p->checkpoint), "%s", checkpoint);
	snprintf(p->path, sizeof(p->path), "%s/%s-%u-%s.png", b->out_dir, b->s->guests[guest].name,
		display, checkpoint);
	ui_capture(&b->ui, guest, display, p->path, picture_done, p);
}

/* ---- pause ---- */

static void run_clock(struct bench *b, uint64_t host_ns)
{
	bench_clock_resume(&b->clock, host_ns);
	check_clock(b->checks, host_ns, bench_clock_at(&b->clock, host_ns));
}

void bench_set_paused(struct bench *b, bool paused)
{
	if (b->phase != BENCH_RUNNING || b->paused == paused)
		return;
	b->paused = paused;
	if (paused)
		bench_clock_pause(&b->clock, clock_now_ns());
	else
		run_clock(b, clock_now_ns());
	buses_sync(b->buses);
	agenda_sync(&b->agenda);
	term_event(&b->term, paused ? "paused" : "resumed");
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		if (!guest_alive(&b->guests[i]))
			continue;
		guest_utc(&b->guests[i]);
		ui_show_state(&b->ui, i, paused ? "paused" : "running");
	}
}

/* ---- what guests and windows report ---- */

static void duration_over(void *arg, uint64_t t_ns)
{
	(void)t_ns;
	bench_end(arg, "duration");
}

/* All guests are about to run: bench time 0 is host_ns. */
static void begin(struct bench *b, uint64_t host_ns)
{
	b->phase = BENCH_RUNNING;
	b->zero_host_ns = host_ns;
	ev_timer_stop(&b->phase_timer);
	run_clock(b, host_ns);
	buses_sync(b->buses);
	agenda_sync(&b->agenda);
	term_start(&b->term);
	for (uint32_t i = 0; i < b->s->n_guests; i++)
		guest_utc(&b->guests[i]);
}

void bench_guest_started(struct bench *b, struct guest *g)
{
	uint64_t last = 0;

	ui_show_state(&b->ui, g->index, "running");
	if (b->phase != BENCH_STARTING)
		return;
	for (uint32_t i = 0; i < b->s->n_guests; i++) {
		if (!b->guests[i].started_ns)
			return;
		last = MAX(last, b->guests[i].started_ns);
	}
	begin(b, last);
}

void bench_guest_failed(struct bench *b, struct guest *g, const char *text)
{
	if (b->phase != BENCH_STARTING)
		return;
	term_problem(&b->term, "guest %s: %s", g->sg->name, text);
	bench_fail(b, "a guest could not be started");
}

void bench_guest_line(
	struct bench *b, struct guest *g, const char *port, const char *text, size_t len)
{
	if (b->phase <= BENCH_RUNNING)
		check_console(b->checks, g->index, port, bench_now(b), text, len);
}

static int start_one(struct bench *b, struct guest *g, int *ui_end, struct err *e)
{
	int can_fds[SCENARIO_MAX_CAN];
	int rc = 0;

	if (g->sg->n_displays) {
		int pair[2];

		rc = ipc_pair(pair, 256 * 1024);
		if (rc)
			return err_errno(e, -rc, "cannot make a display channel");
		g->display_fd = pair[0];
		*ui_end = pair[1];
	}
	rc = guest_start(g, b->vm_program, can_fds, e);
	if (!rc)
		rc = feeds_plug(b->buses, g->sg, fd_take(&g->signals_fd), e);
	for (uint32_t i = 0; !rc && i < g->sg->n_can; i++)
		rc = buses_add_guest(b->buses, g->sg->can[i].bus, g->index, can_fds[i], e);
	return rc;
}

static void restart(struct bench *b, struct guest *g)
{
	CLEANUP_FD int ui_end = -1;
	struct err e;

	g->restarts++;
	check_guest(b->checks, g->index, CHECK_GUEST_RESET, bench_now(b), "started again");
	term_event(&b->term, "%s: started again (%" PRIu32 " of %" PRIu32 ")", g->sg->name,
		g->restarts, g->sg->max_restarts);
	if (start_one(b, g, &ui_end, &e)) {
		term_problem(&b->term, "guest %s: %s", g->sg->name, e.text);
		return;
	}
	if (ui_end >= 0)
		ui_attach(&b->ui, g->index, ui_end);
}

static void show_tail(struct bench *b, const struct guest *g)
{
	const char *lines[TAIL_SHOWN];
	size_t n = check_console_tail(b->checks, g->index, lines, TAIL_SHOWN);

	if (n)
		term_problem(&b->term, "guest %s: its last lines were:", g->sg->name);
	for (size_t i = 0; i < n; i++)
		term_line(&b->term, lines[i], strlen(lines[i]));
}

void bench_guest_ended(struct bench *b, struct guest *g)
{
	enum check_guest_event ev = g->crashed       ? CHECK_GUEST_CRASHED
				    : g->kill_wanted ? CHECK_GUEST_KILLED
						     : CHECK_GUEST_EXITED;
	bool again = g->sg->restart == SCENARIO_RESTART_ALWAYS ||
		     (g->sg->restart == SCENARIO_RESTART_ON_CRASH && g->crashed);

	if (b->phase == BENCH_STARTING) {
		term_problem(&b->term, "guest %s: %s", g->sg->name, g->exit_text);
		bench_fail(b, "a guest could not be started");
		return;
	}
	if (b->phase == BENCH_RUNNING || (g->crashed && b->phase < BENCH_STOPPING)) {
		check_guest(b->checks, g->index, ev, bench_now(b),
			ev == CHECK_GUEST_EXITED ? g->exit_reason : g->exit_text);
		if (g->crashed) {
			term_problem(&b->term, "guest %s: %s", g->sg->name, g->exit_text);
			if (!b->console.bench)
				show_tail(b, g);
		} else {
			term_event(&b->term, "%s: %s", g->sg->name, g->exit_text);
		}
		ui_show_state(&b->ui, g->index, g->crashed ? "crashed" : "ended");
	}
	if (again && b->phase == BENCH_RUNNING && g->restarts < g->sg->max_restarts)
		restart(b, g);
	if (b->s->end_when == SCENARIO_END_GUESTS && b->phase == BENCH_RUNNING &&
		!any_guest_alive(b))
		bench_end(b, "all guests have ended");
	finish_when_alone(b);
}

void bench_ui_failed(struct bench *b, const char *text)
{
	term_problem(&b->term, "dyno-ui: %s", text);
	if (b->phase == BENCH_STARTING || !b->ui.ready) {
		if (b->windows)
			term_problem(&b->term, "run without windows: dyno run --headless ...");
		bench_fail(b, "the windows could not be opened");
	}
}

void bench_helper_ended(struct bench *b)
{
	finish_when_alone(b);
}

/* ---- signals ---- */

static void signal_ready(struct ev_io *io, uint32_t revents)
{
	struct bench *b = io->data;
	struct signalfd_siginfo si;

	(void)revents;
	while (read(io->fd, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
		if (b->phase < BENCH_ENDING) {
			bench_end(b, "interrupted");
			continue;
		}
		/* The second time the user does not want to wait. */
		b->aborted = true;
		ev_loop_stop(b->loop);
	}
}

static int take_signals(struct bench *b, struct err *e)
{
	sigset_t set;
	int fd, rc;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* Blocked in every thread that follows; children start with none blocked. */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_errno(e, errno, "cannot take signals");
	rc = ev_io_add(b->loop, &b->signal_io, fd, EPOLLIN, signal_ready, b);
	if (rc) {
		fd_close(&fd);
		return err_errno(e, -rc, "cannot watch signals");
	}
	return 0;
}

/* ---- start ---- */

static int open_host(struct bench *b, struct err *e)
{
	bool displays = false;
	int rc = 0;

	for (uint32_t i = 0; i < b->s->n_guests; i++)
		displays |= b->s->guests[i].n_displays > 0;
	displays |= panel_wanted(b);
	if (b->s->n_guests) {
		b->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		if (b->kvm_fd < 0)
			return host_kvm_error(errno, e);
		rc = child_find_program("dyno-vm", b->vm_program, sizeof(b->vm_program), e);
	}
	if (!rc && audio_wanted(b->s))
		rc = child_find_program(
			"dyno-audio", b->audio_program, sizeof(b->audio_program), e);
	if (!rc && displays)
		rc = child_find_program("dyno-ui", b->ui_program, sizeof(b->ui_program), e);
	return rc;
}

/* Starts all children. The UI first: opening windows takes longest. */
static int start_children(struct bench *b, int (*can_fds)[SCENARIO_MAX_CAN], struct err *e)
{
	int ui_ends[SCENARIO_MAX_GUESTS];
	bool displays = false;
	int rc = 0;

	memset(ui_ends, 0xff, sizeof(ui_ends));
	for (uint32_t i = 0; !rc && i < b->s->n_guests; i++) {
		int pair[2];

		if (!b->s->guests[i].n_displays)
			continue;
		rc = ipc_pair(pair, 256 * 1024);
		if (rc) {
			rc = err_errno(e, -rc, "cannot make a display channel");
			break;
		}
		b->guests[i].display_fd = pair[0];
		ui_ends[i] = pair[1];
		displays = true;
	}
	if (!rc && panel_wanted(b))
		rc = panel_open(&b->panel, b, e);
	if (!rc && (displays || b->panel.bench))
		rc = ui_start(&b->ui, b, b->ui_program, b->windows, ui_ends, e);
	if (!rc && audio_wanted(b->s))
		rc = audio_start(&b->audio, b, b->audio_program, e);
	for (uint32_t i = 0; !rc && i < b->s->n_guests; i++)
		rc = guest_start(&b->guests[i], b->vm_program, can_fds[i], e);
	ipc_close_fds(ui_ends, SCENARIO_MAX_GUESTS);
	b->spawned_ns = clock_now_ns();
	return rc;
}

static int make_rest(struct bench *b, int (*can_fds)[SCENARIO_MAX_CAN], struct err *e)
{
	struct buses_config cfg = { .scenario = b->s,
		.clock = &b->clock,
		.out_dir = b->out_dir,
		.duration_ns = b->duration_ns,
		.script_said = script_notes_add,
		.script_ctx = &b->notes,
		.gnss_speak = gnss_mouths_speak,
		.gnss_ctx = b->gnss };
	int rc = check_new(b->s, b->out_dir, &b->checks, e);

	if (!rc)
		check_set_duration(b->checks, b->duration_ns);
	if (!rc && b->ui.started)
		ui_watch(&b->ui);
	cfg.checks = b->checks;
	if (!rc)
		rc = buses_new(&b->buses, &cfg, e);
	for (uint32_t i = 0; !rc && i < b->s->n_guests; i++) {
		rc = feeds_plug(b->buses, b->guests[i].sg, fd_take(&b->guests[i].signals_fd), e);
		for (uint32_t c = 0; !rc && c < b->s->guests[i].n_can; c++)
			rc = buses_add_guest(b->buses, b->s->guests[i].can[c].bus, i,
				fd_take(&can_fds[i][c]), e);
	}
	if (!rc)
		rc = panel_connect(&b->panel, e);
	if (!rc)
		rc = buses_start(b->buses, e);
	if (!rc && (action_schedule(b) ||
			   agenda_add(&b->agenda, b->duration_ns, duration_over, NULL, b)))
		rc = err_set(e, -ENOMEM, "out of memory");
	return rc;
}

/* The verdict of an earlier run must not be taken for this one's, should this one not get to its
 * own. */
static int remove_old(const char *dir, struct err *e)
{
	static const char *const names[] = { "junit.xml", "report.html", "metrics.json" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[1200];

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_errno(e, errno,
				"cannot remove an earlier run's %s; give this one --out DIR", path);
	}
	return 0;
}

static int start(struct bench *b, struct err *e)
{
	int can_fds[SCENARIO_MAX_GUESTS][SCENARIO_MAX_CAN];
	int rc;

	memset(can_fds, 0xff, sizeof(can_fds));
	/* Before there is anybody who inherits it. */
	rc = placement_init(&b->placement, b->s, e);
	if (rc)
		return rc;
	rc = mkdir_p(b->out_dir);
	if (rc)
		return err_errno(e, -rc, "cannot make the folder %s", b->out_dir);
	/* Before anything is written there: another run may be using the folder. */
	rc = ctl_server_init(&b->ctl, b, b->out_dir, e);
	if (!rc)
		rc = remove_old(b->out_dir, e);
	if (!rc)
		rc = open_host(b, e);
	for (uint32_t i = 0; !rc && i < b->s->n_guests; i++)
		rc = guest_init(&b->guests[i], b->out_dir, e);
	if (!rc)
		rc = nets_new(&b->nets, b->s, b->out_dir, e);
	if (!rc)
		rc = vsocks_new(&b->vsocks, b->s, b->loop, b->out_dir, e);
	if (!rc)
		rc = start_children(b, can_fds, e);
	if (!rc)
		rc = make_rest(b, can_fds, e);
	for (uint32_t i = 0; i < SCENARIO_MAX_GUESTS; i++)
		ipc_close_fds(can_fds[i], SCENARIO_MAX_CAN);
	return rc;
}

static void service_line(void *ctx, const char *text, size_t len)
{
	struct bench *b = ctx;

	if (term_may_say(&b->term, &b->service_said, "helper programs"))
		term_line(&b->term, text, len);
}

/* The device that it served fails then, which its guest may survive. */
static void service_died(void *ctx, const char *text)
{
	struct bench *b = ctx;

	if (b->phase < BENCH_STOPPING)
		term_problem(&b->term, "%s", text);
}

static int prepare(struct bench *b, struct err *e)
{
	int rc = ev_loop_new(&b->loop);

	script_notes_init(&b->notes, b);
	services_init(&b->services, b->loop);
	b->services.line = service_line;
	b->services.died = service_died;
	b->services.ctx = b;

	if (!rc)
		rc = term_init(&b->term, b, b->opts.quiet);
	if (!rc)
		rc = ev_timer_init(b->loop, &b->phase_timer, phase_limit, b);
	if (!rc)
		rc = agenda_init(&b->agenda, b->loop, &b->clock);
	if (rc)
		return err_errno(e, -rc, "cannot make the event loop");
	b->agenda_ready = true;
	b->guests = calloc(b->s->n_guests + 1, sizeof(*b->guests));
	if (!b->guests || gnss_mouths_new(&b->gnss, b))
		return err_set(e, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < b->s->n_guests; i++)
		guest_clear(&b->guests[i], b, i);
	rc = take_signals(b, e);
	if (!rc && b->opts.console)
		rc = own_console_init(&b->console, b, 0, b->opts.console, e);
	return rc;
}

static void fini(struct bench *b)
{
	int fd = b->signal_io.fd;

	own_console_fini(&b->console);
	ctl_server_fini(&b->ctl);
	for (uint32_t i = 0; b->guests && i < b->s->n_guests; i++)
		guest_fini(&b->guests[i]);
	ui_fini(&b->ui);
	panel_close(&b->panel);
	audio_fini(&b->audio);
	services_fini(&b->services);
	buses_free(b->buses);
	nets_free(b->nets);
	vsocks_free(b->vsocks);
	gnss_mouths_free(b->gnss);
	script_notes_fini(&b->notes);
	check_free(b->checks);
	if (b->agenda_ready)
		agenda_fini(&b->agenda);
	ev_timer_fini(&b->phase_timer);
	if (b->loop)
		term_fini(&b->term);
	ev_io_del(&b->signal_io);
	fd_close(&fd);
	ev_loop_free(b->loop);
	fd_close(&b->kvm_fd);
	free(b->guests);
}

static bool want_windows(const struct bench *b)
{
	const char *x = getenv("DISPLAY"), *w = getenv("WAYLAND_DISPLAY");
	bool session = (x && *x) || (w && *w);

	if (b->opts.windows != BENCH_WINDOWS_SCENARIO)
		return b->opts.windows == BENCH_WINDOWS_ON;
	return b->s->ui == SCENARIO_UI_SDL || (b->s->ui == SCENARIO_UI_AUTO && session);
}

static int loop_and_judge(struct bench *b)
{
	struct err e;
	int rc, status;

	if (b->s->n_guests == 0)
		begin(b, clock_now_ns());
	else
		ev_timer_at(&b->phase_timer, clock_now_ns() + START_LIMIT_NS);
	rc = ev_loop_run(b->loop);
	/* The clock stands: scripts say nothing more. */
	script_notes_show(&b->notes);
	own_console_fini(&b->console);
	term_fini(&b->term);
	if (rc) {
		log_error("the event loop failed: %s", strerror(-rc));
		return EXIT_HOST;
	}
	if (b->aborted)
		return 128 + SIGINT;
	rc = buses_stop(b->buses, &e);
	if (rc)
		log_error("%s", e.text);
	status = report_run(b);
	return rc ? EXIT_HOST : status;
}

/* A file that the scenario names and that is not what it should be is the scenario's fault. */
static int status_of(int rc)
{
	return rc == -EBADMSG || rc == -EINVAL ? EXIT_BAD_INPUT : EXIT_HOST;
}

int bench_run(const struct scenario *s, const struct bench_opts *opts)
{
	struct bench b = { .s = s,
		.opts = *opts,
		.out_dir = opts->out_dir ? opts->out_dir : s->out_dir,
		.duration_ns = opts->duration_ns ? opts->duration_ns : s->duration_ns,
		.kvm_fd = -1,
		.signal_io = EV_IO_INIT,
		.next_contact = 1,
		.parsed_ns = clock_now_ns(),
		.started_unix_s = time(NULL),
		.end_cause = "" };
	struct err e = { .text = "" };
	int rc, status;

	bench_clock_init(&b.clock);
	b.windows = want_windows(&b);
	rc = prepare(&b, &e);
	if (!rc)
		rc = start(&b, &e);
	if (rc) {
		own_console_fini(&b.console);
		fprintf(stderr, "dyno: %s\n", e.text);
		status = status_of(rc);
	} else {
		status = loop_and_judge(&b);
	}
	fini(&b);
	return status;
}
