# SPDX-License-Identifier: Apache-2.0
ip link set can0 up
if [ "$(param me)" = cluster ]; then
	guest_can echo can0 100 "$(param frames)" classic >/dev/null &
	echo=$!
	modetest -M virtio_gpu -c >/tmp/connectors
	connector=$(sed -n 's/^\([0-9]*\)[[:space:]].*[[:space:]]connected[[:space:]].*/\1/p' /tmp/connectors | head -n 1)
	# Pictures in turn until somebody presses Enter; it says how many a second.
	(sleep 1000 | modetest -M virtio_gpu -s "$connector:320x240" -v 2>&1 |
		while read -r line; do case $line in freq*) echo "$line" ;; esac; done) &
	sleep 0.3
	ready
	wait $echo
else
	ip link set eth0 up
	ip addr add 10.0.2.15/24 dev eth0
	# Its own frames are less urgent than the cluster's.
	guest_can receive can0 7FF 1 classic >/dev/null &
	begin=$!
	sleep 0.3
	ready
	wait $begin || fault "the word to begin was not one"
	for i in 1 2; do (while :; do :; done) & done
	(while :; do dd if=/dev/zero of=/dev/vda bs=64k count=256 conv=fsync; done) >/dev/null 2>&1 &
	dd if=/dev/zero bs=64k 2>/dev/null | nc 10.0.2.2 5309 >/dev/null 2>&1 &
	ping -q -A -s 1400 10.0.2.2 >/dev/null 2>&1 &
	(while :; do echo "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"; done) >/dev/hvc0 &
	echo FLOODING
	# As much as a bus of 500 kbit/s carries: a vcan has no rate of its own.
	guest_can send can0 7F0 1000000 classic 20 5000
	wait
fi
