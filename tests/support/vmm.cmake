# SPDX-License-Identifier: Apache-2.0
# Starts dyno-vm from a test: manifest, descriptors, messages, console, all with time limits.
dyno_library(dyno_vm_harness SOURCES ${CMAKE_CURRENT_LIST_DIR}/vm_harness.c LINK dyno_base)
