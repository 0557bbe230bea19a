/* SPDX-License-Identifier: Apache-2.0 */
/* The process that reads images; see job.h. */
#include "sim/bootdisk/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/nbdlib.h"
#include "base/sandbox.h"
#include "sim/bootdisk/find.h"

#define REPORT_MAX  (4u * 1024 * 1024)
#define CPU_LIMIT_S 60
#define LIMIT_S     120 /* a slow disk, not a slow image */
#define MEMORY_MAX  (1ull << 30)

/* What the child has open besides the standard three. */
enum { FD_IMAGE = 3, FD_KERNEL, FD_INITRD, FD_REPORT, FDS };

/* ---- the child ---- */

/* Text of an image need not be UTF-8. */
static json_t *text(const char *s)
{
	json_t *o = json_string(s);
	char *copy;

	if (o)
		return o;
	copy = strdup(s);
	for (char *p = copy; p && *p; p++) {
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	}
	o = copy ? json_string(copy) : NULL;
	free(copy);
	return o;
}

static json_t *list_of(const struct boot_image *im)
{
	const struct boot_entries *es = boot_image_entries(im);
	json_t *list = json_array();

	for (uint32_t i = 0; i < es->n; i++) {
		const struct boot_entry *en = &es->e[i];
		json_t *initrd = json_array();
		char where[64];

		for (uint32_t k = 0; k < en->n_initrds; k++)
			json_array_append_new(initrd, text(en->initrd[k]));
		boot_image_where(im, en, where, sizeof(where));
		json_array_append_new(list,
			json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:s,s:b}", "id", text(en->id), "title",
				text(en->title), "version", text(en->version), "kernel",
				text(en->kernel), "initrd", initrd, "options", text(en->options),
				"where", where, "default", i == es->chosen));
	}
	return list;
}

static json_t *work(const struct boot_job *job, struct err *e)
{
	CLEANUP_FREE struct disk_ahead *ahead = malloc(sizeof(*ahead));
	struct disk_source image = { 0 }, src;
	struct boot_image *im = NULL;
	const struct boot_entry *en;
	json_t *report = NULL;
	int rc;

	if (!ahead)
		rc = err_set(e, -ENOMEM, "out of memory");
	else if (job->nbd_export)
		rc = disk_source_nbd(&image, FD_IMAGE, job->nbd_export, e);
	else if ((rc = disk_source_fd(&image, FD_IMAGE)))
		(void)err_set(e, rc, "its size cannot be told");
	if (!rc) {
		disk_source_ahead(&src, ahead, &image);
		rc = boot_image_open(&src, job->letter, &im, e);
	}
	if (rc) {
		disk_source_fini(&image);
		return NULL;
	}
	if (job->list_only) {
		report = json_pack("{s:o}", "list", list_of(im));
	} else {
		en = boot_image_pick(im, job->entry, e);
		if (en && boot_image_extract(im, en, FD_KERNEL, FD_INITRD, e) == 0)
			report = json_pack("{s:o,s:o,s:b}", "title", text(en->title), "options",
				text(en->options), "initrd", en->n_initrds > 0);
	}
	boot_image_free(im);
	disk_source_fini(&image);
	return report;
}

static int narrow(struct err *e)
{
	struct rlimit cpu = { CPU_LIMIT_S, CPU_LIMIT_S }, none = { 0, 0 };
	struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };

	alarm(LIMIT_S);
	if (setrlimit(RLIMIT_CPU, &cpu) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return err_errno(e, errno, "cannot set limits");
	if (SANITIZED)
		return 0;
	if (setrlimit(RLIMIT_AS, &memory) < 0)
		return err_errno(e, errno, "cannot set limits");
	return sandbox_enter(SANDBOX_READER, e);
}

/* Sets the descriptors in their places: first out of the way, so that none is overwritten. */
static int place_fds(const int *fds)
{
	int high[FDS - FD_IMAGE];

	for (int i = 0; i < FDS - FD_IMAGE; i++) {
		high[i] = fcntl(fds[i], F_DUPFD, 64);
		if (high[i] < 0)
			return -errno;
	}
	for (int i = 0; i < FDS - FD_IMAGE; i++) {
		if (dup2(high[i], FD_IMAGE + i) < 0)
			return -errno;
	}
	return close_range(FDS, ~0u, 0) < 0 ? -errno : 0;
}

static _Noreturn void child(const struct boot_job *job, const int *fds)
{
	struct err e = { .text = "" };
	json_t *report = NULL;
	sigset_t none;
	char *out;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	log_init("dyno-boot", LOG_WARN);
	if (place_fds(fds))
		_exit(1);
	/* A library can be loaded only before the sandbox. */
	if ((!job->nbd_export || nbdlib(&e)) && narrow(&e) == 0)
		report = work(job, &e);
	if (!report)
		report = json_pack("{s:o}", "error", text(e.text));
	out = json_dumps(report, JSON_COMPACT);
	_exit(out && fd_write_all(FD_REPORT, out, strlen(out)) == 0 ? 0 : 1);
}

/* ---- the parent ---- */

static int await(pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_errno(e, errno, "cannot wait for its reader");
	}
	if (WIFSIGNALED(status) && (WTERMSIG(status) == SIGALRM || WTERMSIG(status) == SIGXCPU ||
					   WTERMSIG(status) == SIGKILL))
		return err_set(e, -EBADMSG, "reading it took too long: it is damaged");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(e, -EBADMSG,
			"its reader crashed on it: it is damaged (nothing else was harmed)");
	return 0;
}

/* The report is the child's, and so the image's: not trusted. */
static int read_report(int fd, bool list_only, struct boot_found *out, bool *initrd, struct err *e)
{
	CLEANUP_FREE uint8_t *bytes = NULL;
	const char *error, *title, *options;
	json_t *r;
	size_t len = 0;
	int rc = lseek(fd, 0, SEEK_SET) < 0 ? -errno : fd_slurp(fd, REPORT_MAX, &bytes, &len);

	if (rc)
		return err_errno(e, -rc, "cannot read what its reader found");
	r = json_loadb((const char *)bytes, len, 0, NULL);
	error = json_string_value(json_object_get(r, "error"));
	title = json_string_value(json_object_get(r, "title"));
	options = json_string_value(json_object_get(r, "options"));
	if (error) {
		rc = err_set(e, -EINVAL, "%s", error);
	} else if (list_only && json_is_array(json_object_get(r, "list"))) {
		out->list = json_incref(json_object_get(r, "list"));
	} else if (!list_only && title && options) {
		out->title = strdup(title);
		out->options = strdup(options);
		*initrd = json_is_true(json_object_get(r, "initrd"));
		if (!out->title || !out->options)
			rc = err_set(e, -ENOMEM, "out of memory");
	} else {
		rc = err_set(e, -EBADMSG, "its reader says nothing that makes sense");
	}
	json_decref(r);
	return rc;
}

int boot_job_run(const struct boot_job *job, struct boot_found *out, struct err *e)
{
	int fds[FDS - FD_IMAGE] = { job->image_fd, -1, -1, -1 };
	struct boot_found f = { .kernel_fd = -1, .initrd_fd = -1 };
	bool initrd = false;
	pid_t pid = -1;
	int rc = 0;

	for (int i = 1; i < FDS - FD_IMAGE && !rc; i++) {
		fds[i] = memfd_create("boot", MFD_CLOEXEC);
		if (fds[i] < 0)
			rc = -errno;
	}
	if (!rc) {
		fflush(NULL);
		pid = fork();
		rc = pid < 0 ? -errno : 0;
	}
	if (pid == 0)
		child(job, fds);
	rc = rc ? err_errno(e, -rc, "cannot start a reader for it") : await(pid, e);
	if (!rc)
		rc = read_report(fds[FD_REPORT - FD_IMAGE], job->list_only, &f, &initrd, e);
	if (!rc && !job->list_only) {
		f.kernel_fd = fd_take(&fds[FD_KERNEL - FD_IMAGE]);
		if (initrd)
			f.initrd_fd = fd_take(&fds[FD_INITRD - FD_IMAGE]);
	}
	for (int i = 1; i < FDS - FD_IMAGE; i++)
		fd_close(&fds[i]);
	if (rc)
		boot_found_fini(&f);
	else
		*out = f;
	return rc;
}

void boot_found_fini(struct boot_found *f)
{
	fd_close(&f->kernel_fd);
	fd_close(&f->initrd_fd);
	free(f->options);
	free(f->title);
	json_decref(f->list);
	f->options = f->title = NULL;
	f->list = NULL;
}
