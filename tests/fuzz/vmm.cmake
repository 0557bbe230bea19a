# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_manifest SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_manifest.c LINK dyno_manifest)
dyno_fuzz(fuzz_elf SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_elf.c LINK dyno_loader)
dyno_fuzz(fuzz_pci SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_pci.c
  ${CMAKE_SOURCE_DIR}/tests/dev/echo_dev.c LINK dyno_transport dyno_pci dyno_bus dyno_virtio)
dyno_fuzz(fuzz_mmio SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_mmio.c
  ${CMAKE_SOURCE_DIR}/tests/dev/echo_dev.c LINK dyno_transport dyno_pci dyno_bus dyno_virtio)
