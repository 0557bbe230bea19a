# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_signal SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_signal.c LINK dyno_scenario)
