# SPDX-License-Identifier: Apache-2.0
dyno_test(test_bench_disks
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_disks.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm dyno-ui guests)
