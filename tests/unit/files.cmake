# SPDX-License-Identifier: Apache-2.0
dyno_test(test_p9_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_p9_proto.c LINK dyno_p9)
