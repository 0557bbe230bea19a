# SPDX-License-Identifier: Apache-2.0
# The device tests of all areas again, with the device behind virtio-pci and virtio-mmio.
foreach(test test_console test_rng test_balloon test_net_dev test_input test_gpu test_gpu_fence test_gpu_hostile
    test_vhost_user test_p9)
  dyno_test_over_pci(${test})
endforeach()
