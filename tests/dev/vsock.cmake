# SPDX-License-Identifier: Apache-2.0
# virtio-vsock with a mock driver; the test plays the bench and the host's programs.
dyno_test(test_vsock_dev SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vsock_dev.c LINK dyno_vsock dyno_mockdrv)
dyno_test_over_pci(test_vsock_dev)
