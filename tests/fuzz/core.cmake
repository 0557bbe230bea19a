# SPDX-License-Identifier: Apache-2.0
# The virtqueue and the console's control messages.
dyno_fuzz(fuzz_vq SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_vq.c LINK dyno_virtio dyno_base)
dyno_fuzz(fuzz_console_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_console_proto.c LINK dyno_console)
