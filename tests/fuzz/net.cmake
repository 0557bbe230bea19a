# SPDX-License-Identifier: Apache-2.0
# What a guest's network driver, or another guest on its network, says.
dyno_fuzz(fuzz_net_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_net_proto.c LINK dyno_net)
dyno_fuzz(fuzz_netswitch SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_netswitch.c LINK dyno_netswitch)
dyno_fuzz(fuzz_segments SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_segments.c LINK dyno_usernet)
