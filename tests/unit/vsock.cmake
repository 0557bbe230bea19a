# SPDX-License-Identifier: Apache-2.0
# Who the guests' sockets lead to: the test plays the devices and the host's programs.
dyno_test(test_bench_vsocks SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_vsocks.c LINK dyno_bench)
