# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_balloon_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_balloon_proto.c LINK dyno_balloon)
