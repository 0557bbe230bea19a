# SPDX-License-Identifier: Apache-2.0
# An NBD server that does what a test wants.
dyno_library(dyno_nbd_server SOURCES ${CMAKE_CURRENT_LIST_DIR}/nbd_server.c LINK Threads::Threads)
# A test that uses a port as the device does.
dyno_library(dyno_blk_user SOURCES ${CMAKE_CURRENT_LIST_DIR}/blk_user.c LINK dyno_blk)
