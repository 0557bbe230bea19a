# SPDX-License-Identifier: Apache-2.0
dyno_test(test_audio_stream SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_audio_stream.c LINK dyno_audiocore)
dyno_test(test_audio_manifest SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_audio_manifest.c LINK dyno_audiocore)
dyno_test(test_audio_monitor SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_audio_monitor.c LINK dyno_audiocore m)
