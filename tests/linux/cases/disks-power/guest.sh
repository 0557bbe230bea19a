# SPDX-License-Identifier: Apache-2.0
life=$(param life 1)
mkdir -p /vda /vdb
if [ "$life" = 1 ]; then
	check mkfs.vda mkfs.ext4 -q -F /dev/vda
	check mkfs.vdb mkfs.ext4 -q -F /dev/vdb
else
	# Its journal is read first; after that nothing may be wrong.
	for d in vda vdb; do
		e2fsck -p /dev/$d
		check $d.fsck e2fsck -f -n /dev/$d
	done
fi
check vda.mount mount -t ext4 /dev/vda /vda
check vdb.mount mount -t ext4 /dev/vdb /vdb
ready

content() { seq -s " $1 " 2000; }
# kept DISK COUNT: files 1 to COUNT are whole.
kept() {
	for i in $(seq "$2"); do
		content "$i" | cmp -s - "/$1/$i" || return 1
	done
}
check vda.kept kept vda "$(param raw 0)"
check vdb.kept kept vdb "$(param qcow 0)"

if [ "$life" -lt 4 ]; then
	# Beside it goes what nobody flushes.
	while :; do cat /bin/busybox >/vda/noise; rm /vda/noise; done &
	while :; do cat /bin/busybox >/vdb/noise; rm /vdb/noise; done &
	for i in $(seq $(($(param qcow 0) + 1)) 2000); do
		for d in vda vdb; do
			content "$i" >/$d/new
			sync /$d/new
			mv /$d/new "/$d/$i"
			sync /$d
			echo "FLUSHED $d $i"
		done
	done
	fault "the power did not fail"
fi
umount /vda /vdb
