# SPDX-License-Identifier: Apache-2.0
# virtio-vsock with a mock driver; the test plays the bench and the host's programs.
foreach(part dev flow end)
  dyno_test(test_vsock_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vsock_${part}.c
      ${CMAKE_SOURCE_DIR}/tests/support/vsock_rig.c
    LINK dyno_vsock dyno_mockdrv)
  dyno_test_over_pci(test_vsock_${part})
endforeach()
