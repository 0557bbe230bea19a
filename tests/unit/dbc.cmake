# SPDX-License-Identifier: Apache-2.0
# CAN databases.
foreach(part dbc dbc_data)
  dyno_test(unit_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c LINK dyno_dbc)
endforeach()
