# SPDX-License-Identifier: Apache-2.0
# CAN: the bus's throughput, replay's punctuality, trace readers' speed.
dyno_bench(bench_canbus SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_canbus.c LINK dyno_canbus)
dyno_bench(bench_replay SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_replay.c LINK dyno_trace dyno_canbus)
dyno_bench(bench_trace SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_trace.c LINK dyno_trace)
