# SPDX-License-Identifier: Apache-2.0
# The bench's parts that need no guest.
foreach(part buses cli clock console ctl manifest nets parts service vm)
  dyno_test(test_bench_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_${part}.c
    LINK dyno_bench)
endforeach()
dyno_test(test_bench_faults SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_faults.c
    ${CMAKE_SOURCE_DIR}/tests/support/canbus_rig.c
  LINK dyno_bench)
