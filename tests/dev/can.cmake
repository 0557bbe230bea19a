# SPDX-License-Identifier: Apache-2.0
# virtio-can with a mock driver.
foreach(part_ tx rx state bus)
  dyno_test(test_can_${part_} SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_can_${part_}.c ${CMAKE_CURRENT_LIST_DIR}/can_rig.c
    LINK dyno_can dyno_canbus dyno_mockdrv)
  dyno_test_over_pci(test_can_${part_})
endforeach()
