# SPDX-License-Identifier: Apache-2.0
# The scenarios that ship, run headless as they are. Exit status 3 is a host that cannot run them
# (no KVM): the reason is on stdout.
function(dyno_scenario_test name timeout)
  add_test(NAME e2e_scenario_${name}
    COMMAND dyno run --headless --out ${CMAKE_BINARY_DIR}/tests/scenario-${name}
      ${CMAKE_SOURCE_DIR}/scenarios/${name}.yaml)
  set_tests_properties(e2e_scenario_${name} PROPERTIES LABELS e2e TIMEOUT ${timeout}
    SKIP_RETURN_CODE 3)
endfunction()
dyno_scenario_test(can-only 60)
dyno_scenario_test(minimal 60)
dyno_scenario_test(network 60)
dyno_scenario_test(cockpit 120)
dyno_scenario_test(stale-signal 60)
dyno_scenario_test(bus-off 60)
dyno_scenario_test(sound 60)
dyno_scenario_test(screen-latency 60)
dyno_scenario_test(vehicle-model 90)
dyno_scenario_test(ci-regression 90)

add_test(NAME e2e_regression_fails
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/regression_fails.sh $<TARGET_FILE:dyno>
    ${CMAKE_SOURCE_DIR}/scenarios/ci-regression.yaml ${CMAKE_BINARY_DIR}/tests/regression-fails)
set_tests_properties(e2e_regression_fails PROPERTIES LABELS e2e TIMEOUT 90 SKIP_RETURN_CODE 77)

# The recording of the real drive is not in the repository.
add_test(NAME e2e_scenario_cockpit-real
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/run_real_drive.sh $<TARGET_FILE:dyno>
    ${CMAKE_SOURCE_DIR}/scenarios/cockpit-real.yaml ${CMAKE_BINARY_DIR}/tests/scenario-cockpit-real)
set_tests_properties(e2e_scenario_cockpit-real PROPERTIES LABELS e2e TIMEOUT 240
  SKIP_RETURN_CODE 77)

# What the documentation shows is right.
add_test(NAME e2e_documentation
  COMMAND ${CMAKE_CURRENT_LIST_DIR}/check_docs.sh $<TARGET_FILE:dyno> ${CMAKE_SOURCE_DIR}
    ${CMAKE_BINARY_DIR}/tests/documentation)
set_tests_properties(e2e_documentation PROPERTIES LABELS e2e TIMEOUT 60)
