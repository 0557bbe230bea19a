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

int manifest_read_machine(struct manifest_reader *r, const json_t *root, struct manifest *m)
{
	static const char *const panic_words[] = {
		[MANIFEST_PANIC_STOP] = "stop",
		[MANIFEST_PANIC_RESET] = "reset",
		[MANIFEST_PANIC_PAUSE] = "pause",
	};
	unsigned int on_panic = MANIFEST_PANIC_STOP;
	int rc = get_word(r, root, "on_panic", panic_words, ARRAY_SIZE(panic_words), &on_panic);

	m->on_panic = (enum manifest_on_panic)on_panic;
	return rc;
}
