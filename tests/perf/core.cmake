# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_vq SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_vq.c LINK dyno_mockdrv)
# What the benchmarks share.
dyno_library(dyno_perf SOURCES ${CMAKE_CURRENT_LIST_DIR}/perf.c)
