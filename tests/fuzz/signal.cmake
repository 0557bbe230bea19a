# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_signal SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_signal.c LINK dyno_scenario)
dyno_fuzz(fuzz_script SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_script.c LINK dyno_scenario)
