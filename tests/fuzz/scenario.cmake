# SPDX-License-Identifier: Apache-2.0
# What a person writes: scenario files and signal maps.
foreach(what scenario sigmap)
  dyno_fuzz(fuzz_${what} SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_${what}.c LINK dyno_check)
endforeach()
