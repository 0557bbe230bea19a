# SPDX-License-Identifier: Apache-2.0
# Disks of all kinds at Linux' own driver: fio with checks, discard, write zeroes, cache mode, serial
# numbers; and what is left of it on the host.
kernels=(guest)
modules=(virtio_pci virtio_blk squashfs ext4)
packages=(fio util-linux e2fsprogs)
programs=(blkdiscard blockdev mkfs.ext4 e2fsck)
files=("$dir/verify.fio=/verify.fio")
needs=(mksquashfs qemu-nbd qemu-img losetup)
limit=110

# fio has many libraries: they are on a disk.
prepare() {
	local p lib
	p=$("$root/assets/linux/packages" "${packages[@]}") || return
	lib=$p/usr/lib/x86_64-linux-gnu
	mkdir -p "$out/tools"
	cp "$p/usr/bin/fio" "$out/tools/"
	LD_LIBRARY_PATH=$lib:$lib/ceph ldd "$p/usr/bin/fio" | awk '$3 ~ /^\// { print $3 }' | xargs -I{} cp -L {} "$out/tools/"
	mksquashfs "$out/tools" "$out/tools.squashfs" -quiet -no-progress -noI -noD -noF -noX
	rm -r "$out/tools"
}

# left FILE: KiB of the image that the file system keeps.
left() { echo $(($(stat -c %b "$1") / 2)); }

inside() {
	local loop before
	cp "$out/tools.squashfs" "$tmp/"
	head -c 64M /dev/urandom >"$tmp/base.img"
	before=$(sha256sum <"$tmp/base.img")
	cp "$tmp/base.img" "$tmp/raw.img"
	qemu-img convert -O qcow2 "$tmp/base.img" "$tmp/base.qcow2"
	cp "$tmp/base.qcow2" "$tmp/whole.qcow2"
	truncate -s 64M "$tmp/loop.img"
	modprobe loop 2>/dev/null || true
	loop=$(losetup -f --show "$tmp/loop.img") || { echo "skipped: no loop device"; return 77; }
	export LOOP=$loop
	bench || { losetup -d "$loop"; return 1; }
	losetup -d "$loop"

	[[ $(sha256sum <"$tmp/base.img") = "$before" ]] || { echo "FAULT the base image was changed"; return 1; }
	qemu-img compare -q "$tmp/base.img" "$tmp/base.qcow2" || { echo "FAULT base.qcow2 was changed"; return 1; }
	qemu-img check -q "$tmp/session.qcow2" && qemu-img check -q "$tmp/whole.qcow2" || return
	# What the guest wrote last, at 48 MiB; what it discarded before, at 40 MiB.
	for f in raw.img loop.img session.qcow2 whole.qcow2; do
		qemu-img convert -O raw "$tmp/$f" "$tmp/flat"
		dd if="$tmp/flat" bs=1M skip=48 count=1 status=none | tr -d 'D' | cmp -s - /dev/null ||
			{ echo "FAULT $f: what was written last is not here"; return 1; }
		dd if="$tmp/flat" bs=1M skip=40 count=8 status=none | tr -d '\0' | cmp -s - /dev/null ||
			{ echo "FAULT $f: not zeroes where it was discarded"; return 1; }
	done
	echo "raw.img has $(left "$tmp/raw.img") KiB of 65536"
	[[ $(left "$tmp/raw.img") -le $((58 * 1024)) ]] || { echo "FAULT discard left the blocks allocated"; return 1; }
}
