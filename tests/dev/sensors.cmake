# SPDX-License-Identifier: Apache-2.0
# Devices whose values come from signals.
dyno_test(test_signal_client SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_signal_client.c LINK dyno_signal_client)
dyno_test(test_i2c_chips SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_i2c_chips.c LINK dyno_i2c dyno_signal_rig)
dyno_test(test_i2c SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_i2c.c LINK dyno_i2c dyno_signal_rig dyno_mockdrv)
dyno_test_over_pci(test_i2c)
dyno_test(test_gpio SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_gpio.c LINK dyno_gpio dyno_signal_rig dyno_mockdrv)
dyno_test_over_pci(test_gpio)
