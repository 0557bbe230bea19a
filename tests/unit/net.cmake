# SPDX-License-Identifier: Apache-2.0
# Ethernet networks of the bench.
dyno_test(test_netswitch SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_netswitch.c LINK dyno_netswitch)
dyno_test(test_netfabric SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_netfabric.c LINK dyno_netswitch)
dyno_test(test_net_offload SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_net_offload.c LINK dyno_usernet dyno_base)
