# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_bzimage SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_bzimage.c LINK dyno_loader)
