# SPDX-License-Identifier: Apache-2.0
# The parts of dyno-vm that need no KVM.
dyno_test(test_bus SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bus.c LINK dyno_bus)
dyno_test(test_pci SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_pci.c LINK dyno_pci)
dyno_test(test_x86_tables SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_x86_tables.c LINK dyno_x86)
dyno_test(test_elf SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_elf.c LINK dyno_loader)
dyno_test(test_vm_manifest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vm_manifest.c LINK dyno_manifest)
dyno_test(test_uart SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_uart.c LINK dyno_legacy)
dyno_test(test_rtc SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_rtc.c LINK dyno_legacy)
dyno_test(test_i6300esb SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_i6300esb.c LINK dyno_legacy)
