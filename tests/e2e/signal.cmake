# SPDX-License-Identifier: Apache-2.0
# Signals in whole runs.
dyno_test(test_signals
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_signals.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS "fast;e2e" TIMEOUT 60 DEPENDS dyno)
# What docs/scripting.md shows.
add_test(NAME e2e_scripting
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_scripts.sh $<TARGET_FILE:dyno> ${CMAKE_SOURCE_DIR}
    ${CMAKE_BINARY_DIR}/tests/scripting)
set_tests_properties(e2e_scripting PROPERTIES LABELS "fast;e2e" TIMEOUT 60)
# Devices of guests that show signals.
dyno_test(test_sensors
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_sensors.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 200 DEPENDS dyno dyno-vm guests)
