# SPDX-License-Identifier: Apache-2.0
# Devices whose work other programs do, with a mock driver.
dyno_test(test_vhost_user SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vhost_user.c
  LINK dyno_vhost_user dyno_vhu_server dyno_echo dyno_rng dyno_mockdrv)
dyno_test(test_p9 SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_p9.c LINK dyno_p9 dyno_mockdrv)
