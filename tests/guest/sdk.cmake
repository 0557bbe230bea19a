# SPDX-License-Identifier: Apache-2.0
# The conformance and hostile guests on dyno-vm, and conformance under QEMU where it is installed:
# that keeps the guest itself honest.
dyno_test(test_guest_suites SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_guest_suites.c
  LINK dyno_vm_expect dyno_netswitch dyno_base LABELS guest TIMEOUT 180
  DEPENDS guest_conformance guest_hostile dyno-vm)

find_program(DYNO_QEMU qemu-system-x86_64)
if(DYNO_QEMU)
  add_test(NAME conformance_under_qemu COMMAND ${CMAKE_CURRENT_LIST_DIR}/conformance-under-qemu
    ${DYNO_QEMU} $<TARGET_FILE:guest_conformance>)
  set_tests_properties(conformance_under_qemu PROPERTIES LABELS qemu TIMEOUT 120)
endif()
