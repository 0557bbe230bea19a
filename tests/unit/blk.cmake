# SPDX-License-Identifier: Apache-2.0
# The parts of the block device that need no queue.
dyno_test(test_blk_proto SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_blk_proto.c LINK dyno_blk)
dyno_test(test_blk_overlay_map SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_blk_overlay_map.c LINK dyno_blk)
dyno_test(test_blk_ports SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_blk_ports.c LINK dyno_blk_user)
dyno_test(test_blk_nbd SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_blk_nbd.c LINK dyno_blk_user dyno_nbd_server)
dyno_test(test_bench_disk SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_disk.c LINK dyno_bench)
