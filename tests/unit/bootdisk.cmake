# SPDX-License-Identifier: Apache-2.0
dyno_test(unit_bootdisk SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bootdisk.c LINK dyno_bootdisk)
