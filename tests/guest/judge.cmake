# SPDX-License-Identifier: Apache-2.0
# A guest that answers CAN frames, for measurements (tests/perf/bench_can_guest.c).
dyno_guest(echo SOURCES ${CMAKE_CURRENT_LIST_DIR}/echo/main.c)
set_target_properties(guest_echo PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
dyno_test(test_can_flood SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_can_flood.c
  LINK dyno_vm_harness dyno_canbus LABELS guest DEPENDS dyno-vm guest_echo)
# A guest that does as much as it can of everything, for what must not suffer from it.
dyno_guest(flood SOURCES ${CMAKE_CURRENT_LIST_DIR}/flood/main.c)
set_target_properties(guest_flood PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
