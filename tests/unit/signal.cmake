# SPDX-License-Identifier: Apache-2.0
# Signals.
dyno_test(unit_signal SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_signal.c LINK dyno_signal m)
dyno_test(unit_signal_can SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_signal_can.c LINK dyno_scenario)
dyno_test(unit_sensor SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_sensor.c LINK dyno_sensor)
dyno_test(test_bench_feeds SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_feeds.c LINK dyno_bench)
