# SPDX-License-Identifier: Apache-2.0
# A guest that answers CAN frames, for measurements (tests/perf/bench_can_guest.c).
dyno_guest(echo SOURCES ${CMAKE_CURRENT_LIST_DIR}/echo/main.c)
set_target_properties(guest_echo PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
