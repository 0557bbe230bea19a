/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest's signals, and what devices take from them; see manifest_priv.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/guest/manifest_priv.h"

static int add_name(struct manifest_reader *r, struct manifest *m, const json_t *name)
{
	const char *s = json_string_value(name);

	if (!s || strlen(s) >= MANIFEST_SIGNAL)
		return err_set(r->e, -EINVAL, "names[%u] is no name of up to %d bytes",
			m->n_signals, MANIFEST_SIGNAL - 1);
	m->signal[m->n_signals] = strdup(s);
	if (!m->signal[m->n_signals])
		return err_errno(r->e, ENOMEM, "manifest");
	r->n_signals = ++m->n_signals;
	return 0;
}

static int read_list(struct manifest_reader *r, const json_t *o, struct manifest *m)
{
	json_t *names = NULL, *name;
	size_t i;
	int rc = manifest_get_fd(r, o, JSON_OPTIONAL, &m->signals_fd);

	if (rc == 0)
		rc = json_get_array(o, "names", JSON_REQUIRED, &names, r->e);
	if (rc < 0)
		return rc;
	if (json_array_size(names) > SIGNAL_PORT_MAX)
		return err_set(
			r->e, -EINVAL, "\"names\": %d at most are possible", SIGNAL_PORT_MAX);
	m->signal = calloc(json_array_size(names) + 1, sizeof(*m->signal));
	if (!m->signal)
		return err_errno(r->e, ENOMEM, "manifest");
	json_array_foreach (names, i, name) {
		rc = add_name(r, m, name);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int manifest_read_signals(struct manifest_reader *r, const json_t *root, struct manifest *m)
{
	json_t *o = NULL;
	int rc = json_get_object(root, "signals", JSON_OPTIONAL, &o, r->e);

	if (rc < 0 || !o)
		return rc;
	rc = read_list(r, o, m);
	if (rc < 0)
		err_prefix(r->e, "signals");
	return rc;
}

int manifest_get_signal(struct manifest_reader *r, const json_t *o, const char *key,
	enum json_need need, uint32_t *out)
{
	uint64_t i = UINT64_MAX;
	int rc = json_get_u64(o, key, need, 0, UINT32_MAX, &i, r->e);

	if (rc < 0 || i == UINT64_MAX)
		return rc;
	if (i >= r->n_signals)
		return err_set(r->e, -EINVAL, "\"%s\" is signal %llu of a list of %u", key,
			(unsigned long long)i, r->n_signals);
	*out = (uint32_t)i;
	return 0;
}

int manifest_get_feed(struct manifest_reader *r, const json_t *o, const char *key,
	enum json_need need, struct signal_feed *out)
{
	struct signal_feed f = { .signal = SIGNAL_FEED_CONSTANT, .scale = 1 };
	json_t *feed = NULL;
	int rc = json_get_object(o, key, need, &feed, r->e);

	if (rc < 0 || !feed)
		return rc;
	rc = manifest_get_signal(r, feed, "signal", JSON_OPTIONAL, &f.signal);
	if (rc == 0)
		rc = json_get_double(feed, "scale", JSON_OPTIONAL, &f.scale, r->e);
	if (rc == 0)
		rc = json_get_double(feed, "offset", JSON_OPTIONAL, &f.offset, r->e);
	if (rc < 0)
		err_prefix(r->e, "%s", key);
	else
		*out = f;
	return rc;
}
