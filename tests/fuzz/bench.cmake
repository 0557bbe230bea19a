# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_ctl SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_ctl.c LINK dyno_bench)
