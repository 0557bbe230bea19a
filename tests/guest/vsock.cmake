# SPDX-License-Identifier: Apache-2.0
# A bare-metal guest's sockets, through the bench, to programs that this test plays.
dyno_test(test_vsock_guest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vsock_guest.c
  LINK dyno_vm_expect dyno_bench LABELS guest TIMEOUT 180 DEPENDS guest_conformance dyno-vm)
