# SPDX-License-Identifier: Apache-2.0
# virtio-snd with a mock driver, over the null port and over rings whose other side the test plays.
foreach(name_ test_snd test_snd_control)
  dyno_test(${name_} SOURCES ${CMAKE_CURRENT_LIST_DIR}/${name_}.c ${CMAKE_CURRENT_LIST_DIR}/snd_rig.c
    LINK dyno_snd dyno_mockdrv)
  dyno_test_over_pci(${name_})
endforeach()
