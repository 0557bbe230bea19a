# SPDX-License-Identifier: Apache-2.0
# The guest SDK's pure parts, compiled for the host. The SDK's <string.h> and <math.h> functions are
# renamed, so that they stand next to the host's, which they are compared with.
set(sdk_dir ${CMAKE_SOURCE_DIR}/assets/guests/sdk)

# sdk_pure(NAME source ... RENAME symbol ...): one static library with renamed symbols.
function(sdk_pure name)
  cmake_parse_arguments(A "" "" "SOURCES;RENAME" ${ARGN})
  dyno_library(${name} SOURCES ${A_SOURCES})
  target_include_directories(${name} PUBLIC ${sdk_dir}/include PRIVATE ${sdk_dir}/src)
  if(A_RENAME)
    # The host's headers do not stand it that their functions are renamed.
    target_include_directories(${name} BEFORE PRIVATE ${sdk_dir}/include/libc)
  endif()
  # Loops must not become calls of the functions that they implement, nor be checked as libc's.
  target_compile_options(${name} PRIVATE -fno-builtin -U_FORTIFY_SOURCE -Wno-missing-prototypes)
  foreach(symbol ${A_RENAME})
    target_compile_definitions(${name} PRIVATE ${symbol}=sdk_${symbol})
  endforeach()
endfunction()

sdk_pure(sdk_host_string SOURCES ${sdk_dir}/src/string.c
  RENAME memcpy memmove memset memcmp memchr strlen strnlen strcmp strncmp strchr strrchr strstr)
sdk_pure(sdk_host_math SOURCES ${sdk_dir}/src/math.c
  RENAME sin cos tan atan2 sqrt fabs floor ceil round trunc fmod fmin fmax exp log pow hypot lround
    sinf cosf atan2f sqrtf fabsf floorf ceilf roundf fminf fmaxf powf hypotf lroundf)
sdk_pure(sdk_host_pure SOURCES ${sdk_dir}/src/format.c ${sdk_dir}/src/signals.c
  ${sdk_dir}/src/gpu_damage.c)

dyno_test(test_sdk_string SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_sdk_string.c
  LINK sdk_host_string)
dyno_test(test_sdk_math SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_sdk_math.c LINK sdk_host_math m)
dyno_test(test_sdk_pure SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_sdk_pure.c LINK sdk_host_pure)
target_include_directories(test_sdk_pure PRIVATE ${sdk_dir}/src)
