# SPDX-License-Identifier: Apache-2.0
add_test(NAME e2e_install COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/test_install.sh
  ${CMAKE_COMMAND} ${CMAKE_BINARY_DIR})
set_tests_properties(e2e_install PROPERTIES LABELS e2e TIMEOUT 60 SKIP_RETURN_CODE 77)
