# SPDX-License-Identifier: Apache-2.0
# The queue and the transport core, by means of a device that echoes.
dyno_library(dyno_echo SOURCES ${CMAKE_CURRENT_LIST_DIR}/echo_dev.c LINK dyno_virtio)

dyno_test(test_vq_rings SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vq_rings.c LINK dyno_echo dyno_mockdrv)
dyno_test(test_vq_hostile SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vq_hostile.c LINK dyno_echo dyno_mockdrv)
dyno_test(test_vt SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vt.c LINK dyno_echo dyno_mockdrv)
dyno_test(test_console SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_console.c LINK dyno_console dyno_mockdrv)
dyno_test(test_rng SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_rng.c LINK dyno_rng dyno_mockdrv)
dyno_test(test_vq_threads SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vq_threads.c LINK dyno_mockdrv TIMEOUT 200)
