# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_vss SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_vss.c LINK dyno_vss)
