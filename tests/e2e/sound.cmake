# SPDX-License-Identifier: Apache-2.0
# Sound through PipeWire and PulseAudio, which the test starts itself.
dyno_pkg(SNDFILE sndfile)
dyno_test(test_sound_servers
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_sound_servers.c ${CMAKE_CURRENT_LIST_DIR}/sound_server.c
    ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK dyno_check PkgConfig::JANSSON PkgConfig::SNDFILE m LABELS e2e TIMEOUT 300
  DEPENDS dyno dyno-vm dyno-audio guest_tone)
dyno_test(test_bench_sound
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_bench_sound.c ${CMAKE_CURRENT_LIST_DIR}/dyno_proc.c
  LINK PkgConfig::JANSSON PkgConfig::SNDFILE m LABELS e2e TIMEOUT 300
  DEPENDS dyno dyno-vm dyno-audio guest_tone)
add_test(NAME test_sound_servers_pulse COMMAND test_sound_servers pulse
  WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
set_tests_properties(test_sound_servers_pulse PROPERTIES LABELS e2e TIMEOUT 300 SKIP_RETURN_CODE 77
  ENVIRONMENT "DYNO_SOURCE_DIR=${CMAKE_SOURCE_DIR};DYNO_BUILD_DIR=${CMAKE_BINARY_DIR}")
