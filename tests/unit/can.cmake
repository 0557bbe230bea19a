# SPDX-License-Identifier: Apache-2.0
# CAN: port packets, the bus, traces, replay.
dyno_test(test_can_port SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_can_port.c LINK dyno_base)
dyno_test(test_can_bits SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_can_bits.c LINK dyno_canbus)
foreach(part canbus canbus_fault)
  dyno_test(test_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c
    ${CMAKE_SOURCE_DIR}/tests/support/canbus_rig.c LINK dyno_canbus)
endforeach()
dyno_test(test_canbus_host SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_canbus_host.c LINK dyno_canbus)
dyno_test(test_trace SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_trace.c LINK dyno_trace)
dyno_test(test_replay SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_replay.c LINK dyno_trace)
dyno_test(test_trace_write SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_trace_write.c LINK dyno_trace)
dyno_test(test_trace_formats SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_trace_formats.c LINK dyno_trace)
dyno_test(test_trace_data SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_trace_data.c LINK dyno_trace)
dyno_test(test_socketcan SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_socketcan.c LINK dyno_can dyno_canbus)
