# SPDX-License-Identifier: Apache-2.0
# What the UI is told, and pictures.
dyno_fuzz(fuzz_ui_manifest SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_ui_manifest.c LINK dyno_uicore)
dyno_fuzz(fuzz_png SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_png.c LINK dyno_image)
dyno_fuzz(fuzz_panel SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_panel.c
  ${CMAKE_SOURCE_DIR}/tests/support/fake_fonts.c LINK dyno_panelcore)
