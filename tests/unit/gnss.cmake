# SPDX-License-Identifier: Apache-2.0
# Satellite receivers: what they know, what they say, and how it gets to a guest.
dyno_test(test_gnss SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_gnss.c LINK dyno_gnss m)
dyno_test(test_bench_gnss SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_gnss.c LINK dyno_bench)
# An independent reader must read the same numbers.
add_executable(nmea_drive ${CMAKE_CURRENT_LIST_DIR}/nmea_drive.c)
target_link_libraries(nmea_drive PRIVATE dyno_flags dyno_gnss m)
set_target_properties(nmea_drive PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
find_program(DYNO_SYSTEM_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
if(DYNO_SYSTEM_PYTHON)
  add_test(NAME test_nmea_reader
    COMMAND ${DYNO_SYSTEM_PYTHON} ${CMAKE_CURRENT_LIST_DIR}/nmea_reader.py $<TARGET_FILE:nmea_drive>)
  set_tests_properties(test_nmea_reader PROPERTIES LABELS fast TIMEOUT 60 SKIP_RETURN_CODE 77)
endif()
