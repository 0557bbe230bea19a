# SPDX-License-Identifier: Apache-2.0
# Sound from a guest to a sink of PipeWire, which the program starts itself.
dyno_pkg(PIPEWIRE libpipewire-0.3)
dyno_pkg(SNDFILE sndfile)
dyno_pkg(CMOCKA cmocka)
dyno_bench(bench_sound SOURCES ${CMAKE_CURRENT_LIST_DIR}/bench_sound.c
  ${CMAKE_CURRENT_LIST_DIR}/sound_monitor.c ${CMAKE_SOURCE_DIR}/tests/e2e/sound_server.c
  ${CMAKE_SOURCE_DIR}/tests/e2e/dyno_proc.c
  LINK dyno_check dyno_bench PkgConfig::PIPEWIRE PkgConfig::SNDFILE PkgConfig::CMOCKA PkgConfig::JANSSON m)
add_dependencies(bench_sound dyno dyno-vm dyno-audio guests)
set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/sound_monitor.c PROPERTIES COMPILE_OPTIONS
  "-Wno-sign-conversion;-Wno-conversion;-Wno-shadow;-Wno-cast-qual;-Wno-pedantic")
