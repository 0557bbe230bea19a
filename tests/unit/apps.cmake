# SPDX-License-Identifier: Apache-2.0
# The demo ECUs on the host: rasteriser, gauges, cluster, infotainment, trace and signal maps.
dyno_test(test_apps_gfx SOURCES test_apps_gfx.c LINK dyno_gfx)
dyno_test(test_apps_gauges SOURCES test_apps_gauges.c LINK dyno_gauges)
dyno_test(test_apps_cluster SOURCES test_apps_cluster.c LINK dyno_cluster)
dyno_test(test_apps_sounds SOURCES test_apps_sounds.c LINK dyno_cluster dyno_ivi)
dyno_test(test_apps_ivi SOURCES test_apps_ivi.c LINK dyno_ivi)
dyno_test(test_apps_drive SOURCES test_apps_drive.c LINK dyno_cluster dyno_scenario)

find_program(DYNO_PYTHON python3)
add_test(NAME test_apps_trace_is_what_its_generator_writes
  COMMAND sh -c "'${DYNO_PYTHON}' '${CMAKE_SOURCE_DIR}/assets/traces/generate.py' | cmp - '${CMAKE_SOURCE_DIR}/assets/traces/synthetic-drive.log'")
set_tests_properties(test_apps_trace_is_what_its_generator_writes PROPERTIES LABELS fast TIMEOUT 60)
