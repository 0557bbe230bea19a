# SPDX-License-Identifier: Apache-2.0
# Starts dyno-vm from a test: manifest, descriptors, messages, console, all with time limits.
dyno_library(dyno_vm_harness SOURCES ${CMAKE_CURRENT_LIST_DIR}/vm_harness.c LINK dyno_base)
# What a test expects of a guest, and the tests' own small guest.
dyno_library(dyno_vm_expect SOURCES ${CMAKE_CURRENT_LIST_DIR}/vm_expect.c ${CMAKE_CURRENT_LIST_DIR}/vm_tiny.c
  LINK dyno_vm_harness)

# The mock driver's registers behind virtio-pci.
dyno_library(dyno_vpci_regs SOURCES ${CMAKE_CURRENT_LIST_DIR}/vpci_regs.c
  LINK dyno_mockdrv dyno_transport dyno_pci dyno_bus)

# The mock driver's registers behind virtio-mmio.
dyno_library(dyno_vmmio_regs SOURCES ${CMAKE_CURRENT_LIST_DIR}/vmmio_regs.c
  LINK dyno_mockdrv dyno_transport dyno_bus)
