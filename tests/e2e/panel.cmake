# SPDX-License-Identifier: Apache-2.0
# The control panel with a mouse and a keyboard.
dyno_test(e2e_panel
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_panel.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK dyno_image PkgConfig::JANSSON LABELS e2e TIMEOUT 180 DEPENDS dyno dyno-ui)
