# SPDX-License-Identifier: Apache-2.0
# A vhost-user back end that serves any of our devices.
dyno_library(dyno_vhu_server SOURCES ${CMAKE_CURRENT_LIST_DIR}/vhu_server.c
  LINK dyno_virtio dyno_base)
