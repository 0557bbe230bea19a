# SPDX-License-Identifier: Apache-2.0
# The watchdog: a guest that opens it and then hangs is reset, and its next life knows why.
kernels=(guest)
modules=(virtio_pci virtio_console i6300esb)
limit=60

inside() {
	# The run fails: a watchdog that fires is a crash.
	bench && return 1
	grep -E 'watchdog fired: reset' "$tmp/log" && grep 'serial: BOOT STATUS 32' "$runs/linux.log" &&
		! grep 'serial: FAULT' "$runs/linux.log"
}
