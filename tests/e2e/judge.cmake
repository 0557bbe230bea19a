# SPDX-License-Identifier: Apache-2.0
# What the product promises, as a whole: the real drive, exact and without loss.
dyno_test(test_real_drive
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_real_drive.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON m LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm dyno-ui guests)
# One guest dies, the other drives on.
dyno_test(test_isolation
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_isolation.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm dyno-ui guests)
# A guest's place on the host: CPUs, and how much it may write there.
dyno_test(test_bench_limits
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_limits.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON LABELS e2e TIMEOUT 300 DEPENDS dyno dyno-vm guests guest_flood tiny_guest)
