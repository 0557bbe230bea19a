# SPDX-License-Identifier: Apache-2.0
dyno_test(test_balloon_guest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_balloon_guest.c
  LINK dyno_vm_expect dyno_base LABELS guest TIMEOUT 120 DEPENDS guest_conformance dyno-vm)
