# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_vrtc_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_vrtc_proto.c LINK dyno_vrtc)
