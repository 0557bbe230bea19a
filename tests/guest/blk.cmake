# SPDX-License-Identifier: Apache-2.0
dyno_test(test_blk_guest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_blk_guest.c
  LINK dyno_vm_expect dyno_nbd_server dyno_base PkgConfig::URING LABELS guest TIMEOUT 180 DEPENDS guest_conformance dyno-vm)
