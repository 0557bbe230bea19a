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

# boots OVERLAY IMAGE ENTRY [WORDS]: what is chosen, and what Linux says of it, with more words for it.
boots() {
	export QUIRKS=${DYNO_QUIRKS:-} MORE=${4:-}
	bench "IMAGE=$out/images/$2" "OVERLAY=$1" && quiet_kernels || return
	grep -F "boots \"$3\"" "$tmp/log"
}

inside() {
	boots memory gpt.img 'Debian GNU/Linux 13 (trixie)' || return
	# The same root file system: what speaks there does so without systemd, which takes half a minute.
	# shellcheck disable=SC2016 # for the guest's shell: a blank would end the kernel's argument
	boots "$tmp/changes.qcow2" mbr.img 'Debian GNU/Linux' \
		'rw init=/bin/sh -- -c /usr/local/sbin/ready;poweroff$IFS-ff'
}
