# SPDX-License-Identifier: Apache-2.0
foreach(part table fat bls grub)
  dyno_fuzz(fuzz_boot_${part} SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_boot_${part}.c
    LINK dyno_bootdisk)
endforeach()
