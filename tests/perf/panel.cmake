# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_panel SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_panel.c LINK dyno_panel)
