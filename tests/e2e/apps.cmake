# SPDX-License-Identifier: Apache-2.0
# Whole drives through real guests: what the cluster says it shows, against what the trace holds.
dyno_test(test_apps_report
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_apps_report.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON m LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm dyno-ui guests)
