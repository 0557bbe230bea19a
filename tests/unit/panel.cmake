# SPDX-License-Identifier: Apache-2.0
# The control panel: what it shows, and what the user does with it.
dyno_test(unit_panel_desk
  SOURCES test_panel_desk.c ${CMAKE_SOURCE_DIR}/tests/support/fake_fonts.c LINK dyno_panelcore)
dyno_test(unit_panel_spec
  SOURCES test_panel_spec.c ${CMAKE_SOURCE_DIR}/tests/support/fake_fonts.c LINK dyno_panelcore)
dyno_test(unit_panel_picture SOURCES test_panel_picture.c LINK dyno_panel)
dyno_test(test_bench_panel SOURCES test_bench_panel.c LINK dyno_bench dyno_panelcore)
