# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_blk_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_blk_proto.c LINK dyno_blk)
