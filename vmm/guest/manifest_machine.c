/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of the machine's own keys; see manifest_priv.h. */
#include <errno.h>

#include "vmm/guest/manifest_priv.h"

/* One of `words`; *out stays as it is when the key is absent. */
static int get_word(struct manifest_reader *r, const json_t *root, const char *key,
	const char *const *words, unsigned int n, unsigned int *out)
{
	const char *word = NULL;
	int rc = json_get_str(root, key, JSON_OPTIONAL, &word, r->e), i;

	if (rc < 0 || !word)
		return rc;
	i = manifest_word(word, words, n);
	if (i < 0)
		return err_set(r->e, -EINVAL, "\"%s\" is \"%s\": no such word", key, word);
	*out = (unsigned int)i;
	return 0;
}

static const char *const watchdog_words[] = {
	[MANIFEST_WATCHDOG_OFF] = "off",
	[MANIFEST_WATCHDOG_NONE] = "none",
	[MANIFEST_WATCHDOG_RESET] = "reset",
	[MANIFEST_WATCHDOG_POWER_OFF] = "power-off",
	[MANIFEST_WATCHDOG_PAUSE] = "pause",
};

const char *manifest_watchdog_name(enum manifest_watchdog w)
{
	return watchdog_words[w];
}

static int get_utc(struct manifest_reader *r, const json_t *root, struct manifest_utc *out)
{
	json_t *o = NULL;
	int rc = json_get_object(root, "utc", JSON_OPTIONAL, &o, r->e);

	if (rc < 0 || !o)
		return rc;
	rc = manifest_utc_read(out, o, r->e);
	if (rc < 0)
		err_prefix(r->e, "utc");
	return rc;
}

int manifest_read_machine(struct manifest_reader *r, const json_t *root, struct manifest *m)
{
	static const char *const panic_words[] = {
		[MANIFEST_PANIC_STOP] = "stop",
		[MANIFEST_PANIC_RESET] = "reset",
		[MANIFEST_PANIC_PAUSE] = "pause",
	};
	static const char *const pages_words[] = {
		[VM_PAGES_USUAL] = "off",
		[VM_PAGES_TRANSPARENT] = "transparent",
		[VM_PAGES_2M] = "2M",
		[VM_PAGES_1G] = "1G",
	};
	unsigned int pages = VM_PAGES_USUAL;
	unsigned int on_panic = MANIFEST_PANIC_STOP, watchdog = MANIFEST_WATCHDOG_OFF;
	int rc = get_word(r, root, "on_panic", panic_words, ARRAY_SIZE(panic_words), &on_panic);

	if (rc == 0)
		rc = get_word(
			r, root, "watchdog", watchdog_words, ARRAY_SIZE(watchdog_words), &watchdog);
	if (rc == 0)
		rc = get_word(r, root, "huge_pages", pages_words, ARRAY_SIZE(pages_words), &pages);
	m->pages = (enum vm_pages)pages;
	if (rc == 0 && watchdog != MANIFEST_WATCHDOG_OFF && m->mmio)
		rc = err_set(r->e, -EINVAL, "\"watchdog\" is a PCI device: not with \"mmio\"");
	if (rc == 0)
		rc = get_utc(r, root, &m->utc);
	m->on_panic = (enum manifest_on_panic)on_panic;
	m->watchdog = (enum manifest_watchdog)watchdog;
	return rc;
}
