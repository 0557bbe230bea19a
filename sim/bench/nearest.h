/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean ...?" for the words of the command line and of control requests. */
#pragma once

#include <stddef.h>

/*
 * The word of the list that `typed` most likely stands for: a prefix of exactly one word, or few
 * edits away (insert, drop, change, swap). NULL when none is close. `words` is read with `stride`
 * bytes between the string pointers, so that tables of structs can be searched; NULL pointers in
 * it are skipped.
 */
const char *nearest_word(const char *typed, const char *const *words, size_t n, size_t stride);
