# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_check SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_check.c LINK dyno_check)
