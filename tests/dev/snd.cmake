# SPDX-License-Identifier: Apache-2.0
# virtio-snd with a mock driver, over the null port and over rings whose other side the test plays.
dyno_test(test_snd SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_snd.c LINK dyno_snd dyno_mockdrv)
dyno_test_over_pci(test_snd)
