# SPDX-License-Identifier: Apache-2.0
# A guest without PCI: the 7.2 kernel finds its devices by the words that the bench puts in front of its
# command line, and drives console, entropy, disk and display over virtio-mmio.
files=("$built/guest_check=/bin/guest_check")
limit=70

inside() {
	dd if=/dev/urandom of="$tmp/disk" bs=1M count=8 2>/dev/null
	bench DISK="$tmp/disk" || return
	grep -F "serial: SUM $(md5sum <"$tmp/disk" | cut -d' ' -f1)" "$runs/linux.log"
}
