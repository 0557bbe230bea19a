# SPDX-License-Identifier: Apache-2.0
# CAN: everything that parses what another process, a guest or a file says.
dyno_fuzz(fuzz_can_port SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_can_port.c LINK dyno_base)
dyno_fuzz(fuzz_can_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_can_proto.c LINK dyno_can)
dyno_fuzz(fuzz_candump SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_candump.c LINK dyno_trace)
dyno_fuzz(fuzz_asc SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_asc.c LINK dyno_trace)
foreach(format blf trc csv crtd mf4 pcap pcapng)
  dyno_fuzz(fuzz_${format} SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_${format}.c LINK dyno_trace)
endforeach()
