# SPDX-License-Identifier: Apache-2.0
# What programs say that serve a guest's devices, and what a guest says to them.
dyno_fuzz(fuzz_vhost_user SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_vhost_user.c
  LINK dyno_vhost_user dyno_vt)
dyno_fuzz(fuzz_p9 SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_p9.c LINK dyno_p9 dyno_vt)
