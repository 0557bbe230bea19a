# SPDX-License-Identifier: Apache-2.0
dyno_test(test_blk SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_blk.c LINK dyno_blk dyno_mockdrv)
dyno_test_over_pci(test_blk)
