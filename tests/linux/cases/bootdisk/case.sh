# SPDX-License-Identifier: Apache-2.0
# Disk images of Debian boot the kernel that is inside them: by the entry on an EFI system partition,
# and by the menu of GRUB, out of a qcow2 file with what changed.
kernels=(none)
needs=(qemu-nbd)
limit=300

prepare() {
	local folder
	folder=$("$root/assets/linux/build-disk" --if-cached) || return
	ln -sfn "$folder" "$out/images"
}

# boots OVERLAY IMAGE ENTRY: what is chosen, and what Linux says of it.
boots() {
	export QUIRKS=${DYNO_QUIRKS:-}
	bench "IMAGE=$out/images/$2" "OVERLAY=$1" || return
	grep -F "boots \"$3\"" "$tmp/log"
}

inside() {
	boots memory gpt.img 'Debian GNU/Linux 13 (trixie)' &&
		boots "$tmp/changes.qcow2" mbr.img 'Debian GNU/Linux'
}
