# SPDX-License-Identifier: Apache-2.0
# A display channel's other end.
dyno_library(dyno_fake_ui SOURCES ${CMAKE_CURRENT_LIST_DIR}/fake_ui.c LINK dyno_base)
