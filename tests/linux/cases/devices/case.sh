# SPDX-License-Identifier: Apache-2.0
# Linux' own drivers of display, input and power button.
kernels=(generic)
modules=(virtio_pci virtio_console virtio_input evdev button virtio-gpu)
files=("$built/guest_check=/bin/guest_check")
limit=90
