# SPDX-License-Identifier: Apache-2.0
# The mock driver that device tests are written with.
dyno_library(dyno_mockdrv SOURCES ${CMAKE_CURRENT_LIST_DIR}/mock_driver.c
  ${CMAKE_CURRENT_LIST_DIR}/mock_ring.c LINK dyno_vt dyno_virtio dyno_base)

# dyno_test_over_pci(NAME): runs the device test NAME twice more, as NAME_pci with the device behind
# virtio-pci and as NAME_mmio behind virtio-mmio. For tests that do not ask for mock_vt().
function(dyno_test_over_pci name)
  get_target_property(sources ${name} SOURCES)
  get_target_property(libraries ${name} LINK_LIBRARIES)
  foreach(transport pci mmio)
    dyno_test(${name}_${transport}
      SOURCES ${sources} ${CMAKE_SOURCE_DIR}/tests/support/mock_over_${transport}.c
      LINK dyno_v${transport}_regs ${libraries})
  endforeach()
endfunction()
