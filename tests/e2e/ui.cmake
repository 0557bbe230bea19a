# SPDX-License-Identifier: Apache-2.0
dyno_test(e2e_ui_windows SOURCES test_ui_windows.c LINK dyno_base dyno_image LABELS e2e TIMEOUT 120
  DEPENDS dyno-ui)
# The same session once more, painted the way a machine with a GPU paints.
add_test(NAME e2e_ui_windows_texture COMMAND e2e_ui_windows WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
set_tests_properties(e2e_ui_windows_texture PROPERTIES LABELS e2e TIMEOUT 120 SKIP_RETURN_CODE 77
  ENVIRONMENT "DYNO_BUILD_DIR=${CMAKE_BINARY_DIR};DYNO_UI_RENDERER=texture")
