# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_vq SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_vq.c LINK dyno_mockdrv)
