# SPDX-License-Identifier: Apache-2.0
# CAN through a guest and back, against the same through a process.
dyno_bench(bench_can_guest SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_can_guest.c LINK dyno_vm_harness dyno_base)
add_dependencies(bench_can_guest dyno-vm guest_echo)
# The same from a program of the host, over an interface on a bus.
dyno_bench(bench_can_host SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_can_host.c
  LINK dyno_vm_harness dyno_canbus)
add_dependencies(bench_can_host dyno-vm guest_echo)
# The stand at rest and driven.
dyno_bench(bench_idle SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_idle.c LINK dyno_bench)
add_dependencies(bench_idle dyno dyno-vm dyno-ui guests)
# A cluster beside a guest that floods.
dyno_bench(bench_isolation SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_isolation.c LINK dyno_bench)
add_dependencies(bench_isolation dyno dyno-vm dyno-ui guests guest_echo guest_flood)
