# SPDX-License-Identifier: Apache-2.0
# Sensor devices: what guests ask of them.
dyno_fuzz(fuzz_i2c SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_i2c.c LINK dyno_i2c)
dyno_fuzz(fuzz_gpio SOURCES ${CMAKE_CURRENT_LIST_DIR}/fuzz_gpio.c LINK dyno_gpio dyno_mockdrv)
