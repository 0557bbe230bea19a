# SPDX-License-Identifier: Apache-2.0
# CAN: the bus's throughput, replay's punctuality, trace readers' speed.
dyno_bench(bench_canbus SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_canbus.c LINK dyno_canbus)
