# SPDX-License-Identifier: Apache-2.0
dyno_fuzz(fuzz_snd SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_snd.c LINK dyno_snd dyno_mockdrv)
dyno_fuzz(fuzz_pcm_msg SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_pcm_msg.c LINK dyno_base)
