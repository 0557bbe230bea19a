# SPDX-License-Identifier: Apache-2.0
# dyno-vm with a tiny bare-metal guest, on the real /dev/kvm (skipped where there is none).
# The guest is freestanding: none of the host programs' flags, no sanitizers.
add_executable(tiny_guest ${CMAKE_CURRENT_LIST_DIR}/tiny/entry.S ${CMAKE_CURRENT_LIST_DIR}/tiny/tiny.c)
set_target_properties(tiny_guest PROPERTIES SUFFIX .elf
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/tiny/tiny.ld
  POSITION_INDEPENDENT_CODE OFF)
target_compile_options(tiny_guest PRIVATE $<$<COMPILE_LANGUAGE:C>:-std=gnu17 -O2 -Wall -Wextra>
  -ffreestanding -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -fno-stack-protector
  -fno-asynchronous-unwind-tables -fcf-protection=none -mcmodel=small)
target_link_options(tiny_guest PRIVATE -nostdlib -static $<$<C_COMPILER_ID:GNU>:-no-pie>
  -Wl,-T,${CMAKE_CURRENT_LIST_DIR}/tiny/tiny.ld -Wl,--build-id=none -Wl,-z,max-page-size=4096
  -Wl,--no-warn-rwx-segments)

dyno_test(test_vm_guest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vm_guest.c
  LINK dyno_vm_expect dyno_base LABELS guest TIMEOUT 120 DEPENDS tiny_guest dyno-vm)

dyno_test(test_vm_platform SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vm_platform.c
  LINK dyno_vm_expect dyno_base LABELS guest TIMEOUT 120 DEPENDS tiny_guest dyno-vm)

# The VM itself, without a guest.
dyno_test(test_kvm_vm SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_kvm_vm.c
  LINK dyno_kvm LABELS guest TIMEOUT 60)
