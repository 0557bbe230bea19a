# SPDX-License-Identifier: Apache-2.0
dyno_test(test_virtio_pci SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_virtio_pci.c
  LINK dyno_echo dyno_vpci_regs)
dyno_test(test_virtio_mmio SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_virtio_mmio.c
  LINK dyno_echo dyno_vmmio_regs)
