# SPDX-License-Identifier: Apache-2.0
dyno_test(unit_gmem SOURCES test_gmem.c LINK dyno_base)
dyno_test(unit_flood SOURCES test_flood.c LINK dyno_base)
dyno_test(unit_ev SOURCES test_ev.c LINK dyno_base)
dyno_test(unit_ipc SOURCES test_ipc.c LINK dyno_base)
dyno_test(unit_fd SOURCES test_fd.c LINK dyno_base)
dyno_test(unit_image SOURCES test_image.c LINK dyno_image)
# ThreadSanitizer holds back the signal by which a refused call ends the process: it would hang.
if(NOT DYNO_SANITIZE MATCHES thread)
  dyno_test(unit_sandbox SOURCES test_sandbox.c LINK dyno_base)
endif()
dyno_test(unit_err_log SOURCES test_err_log.c LINK dyno_base)
dyno_test(test_utc SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_utc.c LINK dyno_base)
