# SPDX-License-Identifier: Apache-2.0
# How Dyno's targets are made: one INTERFACE target for flags, one static library per folder,
# tests, fuzz targets and benchmarks that look alike.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(dyno_flags INTERFACE)
target_include_directories(dyno_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(dyno_flags INTERFACE _GNU_SOURCE DYNO_VERSION="${PROJECT_VERSION}"
  $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
target_compile_options(dyno_flags INTERFACE
  -include assert.h
  -fno-strict-aliasing -fstack-protector-strong -fno-omit-frame-pointer
  -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes
  -Wmissing-prototypes -Wcast-qual -Wvla -Wundef -Wformat=2 -Wno-missing-field-initializers
  # Messages for people are cut on purpose where they are too long.
  $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
  $<$<BOOL:${DYNO_WERROR}>:-Werror>)
if(DYNO_SANITIZE)
  target_compile_options(dyno_flags INTERFACE -fsanitize=${DYNO_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(dyno_flags INTERFACE -fsanitize=${DYNO_SANITIZE})
  target_compile_options(dyno_flags INTERFACE -U_FORTIFY_SOURCE)
endif()
if(DYNO_FUZZ)
  target_compile_options(dyno_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# pkg-config modules as imported targets, each asked for once, by the folder that needs it.
function(dyno_pkg name module)
  if(NOT TARGET PkgConfig::${name})
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  endif()
endfunction()

# dyno_library(NAME SOURCES a.c ... [LINK lib ...])
function(dyno_library name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_link_libraries(${name} PUBLIC ${A_LINK} PRIVATE dyno_flags)
endfunction()

# dyno_program(NAME SOURCES a.c ... [LINK lib ...]): an installed executable.
function(dyno_program name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_link_libraries(${name} PRIVATE dyno_flags ${A_LINK})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# dyno_test(NAME SOURCES a.c ... [LINK lib ...] [LABELS l ...] [TIMEOUT s] [DEPENDS target ...])
# A cmocka program run by ctest. Labels default to "fast". Exit 77 means skipped (with the reason
# on stdout).
function(dyno_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SOURCES;LINK;LABELS;DEPENDS" ${ARGN})
  if(NOT A_LABELS)
    set(A_LABELS fast)
  endif()
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 60)
  endif()
  dyno_pkg(CMOCKA cmocka)
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  target_link_libraries(${name} PRIVATE dyno_flags ${A_LINK} PkgConfig::CMOCKA)
  target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
  if(A_DEPENDS)
    add_dependencies(${name} ${A_DEPENDS})
  endif()
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
  set_tests_properties(${name} PROPERTIES LABELS "${A_LABELS}" TIMEOUT ${A_TIMEOUT}
    SKIP_RETURN_CODE 77
    ENVIRONMENT "DYNO_SOURCE_DIR=${CMAKE_SOURCE_DIR};DYNO_BUILD_DIR=${CMAKE_BINARY_DIR}")
endfunction()

# dyno_fuzz(NAME SOURCES a.c ... [LINK lib ...]): LLVMFuzzerTestOneInput; seeds in
# tests/fuzz/seeds/NAME/. Without DYNO_FUZZ the seeds are replayed by a plain main in the tests, with it the target
# `fuzzers` is all of them.
function(dyno_fuzz name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(${name} PRIVATE dyno_flags ${A_LINK})
  target_compile_options(${name} PRIVATE -Wno-missing-prototypes)
  if(DYNO_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    if(NOT TARGET fuzzers)
      add_custom_target(fuzzers)
    endif()
    add_dependencies(fuzzers ${name})
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/fuzz_replay.c)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/seeds/${name})
    set_tests_properties(${name} PROPERTIES LABELS fast TIMEOUT 60 SKIP_RETURN_CODE 77)
  endif()
endfunction()

# dyno_bench(NAME SOURCES a.c ... [LINK lib ...]): a program under tests/perf that prints JSON.
function(dyno_bench name)
  cmake_parse_arguments(A "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/perf)
  target_link_libraries(${name} PRIVATE dyno_flags dyno_perf ${A_LINK})
endfunction()

# Includes every AREA.cmake of the calling folder: each area lists its own targets.
macro(dyno_include_areas)
  file(GLOB areas_ CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cmake)
  foreach(area_ ${areas_})
    include(${area_})
  endforeach()
endmacro()
