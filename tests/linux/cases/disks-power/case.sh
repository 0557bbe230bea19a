# SPDX-License-Identifier: Apache-2.0
# The power fails: dyno-vm, and qemu-nbd with it, are killed while the guest writes to ext4. What it
# had flushed is there in its next life, and the file systems can be mended.
kernels=(guest)
packages=(fio util-linux e2fsprogs)
programs=(mkfs.ext4 e2fsck)
needs=(qemu-nbd qemu-img)
limit=180

# last DISK: the number that the guest flushed last.
last() { grep -oE "FLUSHED $1 [0-9]+" "$runs/linux.log" | tail -1 | cut -d' ' -f3; }

inside() {
	local life known="raw=0 qcow=0"
	truncate -s 96M "$tmp/raw.img"
	qemu-img create -q -f qcow2 "$tmp/disk.qcow2" 96M
	for life in 1 2 3; do
		cmdline="life=$life $known"
		bench_start || return
		said linux "FLUSHED vdb $((life * 10))" 60 || return
		pkill -KILL -P "$bench" -x dyno-vm || return
		pkill -KILL -P "$bench" -x qemu-nbd || return
		ctl stop >/dev/null
		wait "$bench" && { echo "FAULT the run passed"; return 1; }
		known="raw=$(last vda) qcow=$(last vdb)"
		echo "life $life: $(pgrep -c qemu-nbd) qemu-nbd left, flushed $known"
		! grep 'serial: FAULT' "$runs/linux.log" || return
	done
	cmdline="life=4 $known"
	bench
}
