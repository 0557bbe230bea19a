# SPDX-License-Identifier: Apache-2.0
# virtio-rtc with a mock driver.
dyno_test(test_vrtc SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vrtc.c LINK dyno_vrtc dyno_mockdrv)
dyno_test_over_pci(test_vrtc)
