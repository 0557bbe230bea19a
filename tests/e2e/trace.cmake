# SPDX-License-Identifier: Apache-2.0
# Traces and databases: the pages' examples print what the pages show.
add_test(NAME e2e_examples
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_examples.sh $<TARGET_FILE:dyno> ${CMAKE_SOURCE_DIR}
    ${CMAKE_BINARY_DIR}/tests/examples docs/dbc.md docs/traces.md)
set_tests_properties(e2e_examples PROPERTIES LABELS "fast;e2e" TIMEOUT 60)
