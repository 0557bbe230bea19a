# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_dbc SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_dbc.c LINK dyno_dbc)
