# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_dbc SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_dbc.c LINK dyno_dbc)
