# SPDX-License-Identifier: Apache-2.0
# Ethernet frames from card to card.
dyno_bench(bench_net SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_net.c LINK dyno_net dyno_netswitch Threads::Threads)
# TCP of this machine's own stack through the gateway.
dyno_bench(bench_usernet SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_usernet.c LINK dyno_net dyno_netswitch Threads::Threads)
