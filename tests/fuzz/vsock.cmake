# SPDX-License-Identifier: Apache-2.0
# What a guest's socket driver, its device, and a program of the host say.
dyno_fuzz(fuzz_vsock_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_vsock_proto.c LINK dyno_vsock)
dyno_fuzz(fuzz_vsock_bench SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_vsock_bench.c LINK dyno_bench)
