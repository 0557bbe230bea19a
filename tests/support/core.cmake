# SPDX-License-Identifier: Apache-2.0
# The mock driver that device tests are written with.
dyno_library(dyno_mockdrv SOURCES ${CMAKE_CURRENT_LIST_DIR}/mock_driver.c
  ${CMAKE_CURRENT_LIST_DIR}/mock_ring.c LINK dyno_vt dyno_virtio dyno_base)
