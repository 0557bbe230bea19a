# SPDX-License-Identifier: Apache-2.0
# Devices that another process serves, with a bare-metal guest.
dyno_test(test_vhost_user_guest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vhost_user_guest.c
  LINK dyno_vhu_server dyno_blk dyno_rng dyno_vm_expect dyno_base LABELS guest TIMEOUT 180
  DEPENDS guest_conformance dyno-vm)
