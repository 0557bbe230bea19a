# SPDX-License-Identifier: Apache-2.0
# The memory balloon with a mock driver.
dyno_test(test_balloon SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_balloon.c LINK dyno_balloon dyno_mockdrv)
