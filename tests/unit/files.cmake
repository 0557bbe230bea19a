# SPDX-License-Identifier: Apache-2.0
dyno_test(test_p9_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_p9_proto.c LINK dyno_p9)
dyno_test(test_bench_shares SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_shares.c LINK dyno_bench)
