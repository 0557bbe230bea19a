# SPDX-License-Identifier: Apache-2.0
# The whole stand: start-up, memory, idle cost.
dyno_bench(bench_start SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_start.c LINK dyno_base)
add_dependencies(bench_start dyno dyno-vm dyno-ui guests)
