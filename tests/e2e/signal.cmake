# SPDX-License-Identifier: Apache-2.0
# Signals in whole runs.
dyno_test(test_signals
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_signals.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS "fast;e2e" TIMEOUT 60 DEPENDS dyno)
