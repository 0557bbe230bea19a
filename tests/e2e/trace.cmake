# SPDX-License-Identifier: Apache-2.0
# Traces and databases: the pages' examples print what the pages show.
add_test(NAME e2e_examples
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_examples.sh $<TARGET_FILE:dyno> ${CMAKE_SOURCE_DIR}
    ${CMAKE_BINARY_DIR}/tests/examples docs/dbc.md docs/traces.md docs/sensor-devices.md)
set_tests_properties(e2e_examples PROPERTIES LABELS "fast;e2e" TIMEOUT 60)
# What Dyno writes opens in python-can and Wireshark, and the other way round.
find_program(DYNO_PYTHON python3)
add_test(NAME e2e_trace_peers
  COMMAND ${DYNO_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/trace_peers.py $<TARGET_FILE:dyno>
    ${CMAKE_BINARY_DIR}/tests/trace-peers)
set_tests_properties(e2e_trace_peers PROPERTIES LABELS "fast;e2e" TIMEOUT 120 SKIP_RETURN_CODE 77)
add_test(NAME e2e_trace
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_trace.sh $<TARGET_FILE:dyno> ${CMAKE_BINARY_DIR}/tests/trace)
set_tests_properties(e2e_trace PROPERTIES LABELS "fast;e2e" TIMEOUT 60)
add_test(NAME e2e_same_run
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_same_run.sh $<TARGET_FILE:dyno> ${CMAKE_BINARY_DIR}/tests/same-run)
set_tests_properties(e2e_same_run PROPERTIES LABELS "e2e" TIMEOUT 180)
