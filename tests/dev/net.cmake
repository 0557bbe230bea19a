# SPDX-License-Identifier: Apache-2.0
# virtio-net with a mock driver; the test plays the switch.
dyno_test(test_net_dev SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_net_dev.c LINK dyno_net dyno_mockdrv)
dyno_test(test_net_port SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_net_port.c LINK dyno_net)
