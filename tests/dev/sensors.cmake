# SPDX-License-Identifier: Apache-2.0
# Devices whose values come from signals.
dyno_test(test_signal_client SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_signal_client.c LINK dyno_signal_client)
