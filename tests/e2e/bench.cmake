# SPDX-License-Identifier: Apache-2.0
# `dyno` as a user runs it.
dyno_test(test_bench_run
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_run.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno)
dyno_test(test_bench_guests
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_guests.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm dyno-ui guests)
dyno_test(test_vm_command
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vm_command.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON util LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm tiny_guest)
dyno_test(test_bench_platform
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_platform.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm tiny_guest)
dyno_test(test_bench_cable
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_cable.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm guests)
add_test(NAME e2e_boot_disk COMMAND ${CMAKE_CURRENT_LIST_DIR}/test_boot_disk.sh
  $<TARGET_FILE:dyno> $<TARGET_FILE:tiny_guest>)
set_tests_properties(e2e_boot_disk PROPERTIES LABELS e2e TIMEOUT 300 SKIP_RETURN_CODE 77)
