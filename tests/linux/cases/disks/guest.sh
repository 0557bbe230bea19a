# SPDX-License-Identifier: Apache-2.0
mkdir -p /tools /mnt
check tools mount -t squashfs -o ro /dev/vda /tools
for d in a b c d e f g; do
	q=/sys/block/vd$d
	echo "vd$d $(cat $q/size) sectors, serial $(cat $q/serial), $(ls $q/mq | wc -l) queues, $(cat $q/cache_type), ro $(cat $q/ro)," \
		"discard $(cat $q/queue/discard_max_bytes), zeroes $(cat $q/queue/write_zeroes_max_bytes)"
done
ready
check serial test "$(cat /sys/block/vdb/serial)" = RAW-0001
check queues test "$(ls /sys/block/vdb/mq | wc -l)" = 2
check one_queue test "$(ls /sys/block/vdc/mq | wc -l)" = 1

# Only read: the driver knows, and so does the device.
check ro test "$(blockdev --getro /dev/vdg)" = 1
blockdev --setrw /dev/vdg 2>/dev/null
dd if=/dev/zero of=/dev/vdg bs=4k count=1 oflag=direct 2>/dev/null && fault "ro: a write succeeded" || ok ro.write

start=$(cut -d' ' -f1 /proc/uptime)
check fio env LD_LIBRARY_PATH=/tools /tools/fio /verify.fio
echo "FIGURE fio_from_$start to_$(cut -d' ' -f1 /proc/uptime) s"

# holds DISK OFFSET_MIB COUNT_MIB CHARACTER: nothing else is there.
holds() {
	rest=$(dd if=/dev/$1 bs=1M skip=$2 count=$3 iflag=direct 2>/dev/null | tr -d "$4" | wc -c)
	[ "$rest" = 0 ]
}
fill() { tr '\0' "$4" </dev/zero | dd of=/dev/$1 bs=1M seek=$2 count=$3 iflag=fullblock oflag=direct conv=fsync 2>/dev/null; }

for d in vdb vdc vdd vde vdf; do
	check $d.fill fill $d 40 9 D
	check $d.filled holds $d 40 9 D
	check $d.discard blkdiscard -o 40M -l 6M /dev/$d
	check $d.zeroes blkdiscard -z -o 46M -l 2M /dev/$d
	check $d.zero holds $d 40 8 '\0'
	check $d.kept holds $d 48 1 D
done

check cache test "$(cat /sys/block/vdb/cache_type)" = "write back"
for mode in "write through" "write back"; do
	echo "$mode" >/sys/block/vdb/cache_type
	check "cache $mode" test "$(cat /sys/block/vdb/cache_type)" = "$mode"
	check "cache $mode.fill" fill vdb 48 1 D
done

check mkfs mkfs.ext4 -q -F /dev/vdc
check mount mount -t ext4 -o discard /dev/vdc /mnt
check write cp -r /tools/fio /bin /mnt/
check umount umount /mnt
check fsck e2fsck -f -n /dev/vdc
check again mount -t ext4 /dev/vdc /mnt
check same cmp /tools/fio /mnt/fio
umount /mnt
umount /tools
