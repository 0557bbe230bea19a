# SPDX-License-Identifier: Apache-2.0
# Scenario files, signal maps and checks.
foreach(part scenario scenario_errors scenario_files scenario_sensors scenario_units sigmap)
  dyno_test(unit_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c LINK dyno_scenario)
endforeach()
dyno_pkg(XML2 libxml-2.0)
foreach(part check check_events check_signals check_report check_sound)
  dyno_test(unit_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_${part}.c
      ${CMAKE_SOURCE_DIR}/tests/support/check_rig.c
    LINK dyno_check PkgConfig::XML2)
endforeach()
dyno_test(unit_report SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_report.c
  LINK dyno_report PkgConfig::XML2)
