# SPDX-License-Identifier: Apache-2.0
# The bench's side of a guest's signals.
dyno_pkg(CMOCKA cmocka)
dyno_library(dyno_signal_rig SOURCES ${CMAKE_CURRENT_LIST_DIR}/signal_rig.c
  LINK dyno_signal_client dyno_base PkgConfig::CMOCKA)
