# SPDX-License-Identifier: Apache-2.0
dyno_bench(bench_blk SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_blk.c LINK dyno_blk)
