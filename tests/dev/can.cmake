# SPDX-License-Identifier: Apache-2.0
# virtio-can with a mock driver.
dyno_test(test_can_dev SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_can_dev.c LINK dyno_can dyno_canbus dyno_mockdrv)
