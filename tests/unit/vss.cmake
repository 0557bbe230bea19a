# SPDX-License-Identifier: Apache-2.0
# Catalogues of the Vehicle Signal Specification, and signals that are held to them.
dyno_test(test_vss SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_vss.c LINK dyno_scenario)
