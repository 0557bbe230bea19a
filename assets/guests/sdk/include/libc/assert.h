/* SPDX-License-Identifier: Apache-2.0 */
/* The part of C's <assert.h> that guests have: static_assert. */
#pragma once

#define static_assert _Static_assert
