# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_display_msg SOURCES fuzz_display_msg.c LINK dyno_base)
