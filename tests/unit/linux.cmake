# SPDX-License-Identifier: Apache-2.0
dyno_test(test_bzimage SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bzimage.c LINK dyno_x86 dyno_loader)
