# SPDX-License-Identifier: Apache-2.0
dyno_library(dyno_gpu_driver SOURCES ${CMAKE_CURRENT_LIST_DIR}/gpu_driver.c
  LINK dyno_gpu dyno_mockdrv)
dyno_test(test_gpu SOURCES test_gpu.c LINK dyno_gpu_driver)
dyno_test(test_gpu_fence SOURCES test_gpu_fence.c LINK dyno_gpu_driver)
dyno_test(test_gpu_hostile SOURCES test_gpu_hostile.c LINK dyno_gpu_driver)
dyno_test(test_display_port SOURCES test_display_port.c LINK dyno_gpu dyno_fake_ui)
dyno_test(test_input SOURCES test_input.c LINK dyno_input dyno_mockdrv)
dyno_test(test_gpu_display SOURCES test_gpu_display.c LINK dyno_gpu_driver dyno_fake_ui)
