# SPDX-License-Identifier: Apache-2.0
dyno_test(test_console_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_console_proto.c LINK dyno_console)
