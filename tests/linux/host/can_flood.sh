# SPDX-License-Identifier: Apache-2.0
# Words of the cases in which the host floods a guest on the vcan dyno0, or is flooded: their case.sh reads
# this file first.

# stuck: where a flood that stopped stands.
stuck() {
	ctl devices
	cat /proc/net/softnet_stat
	return 1
}

# unhurried: a kernel without time for it keeps what the vcan's readers have not been given yet.
unhurried() { echo 200000 >/proc/sys/net/core/netdev_max_backlog; }

# received ID GO KIND: the host has 100,000 frames of the guest, which waits until it listens.
received() {
	unhurried
	timeout 110 "$built/guest_can" receive dyno0 "$1" 100000 "$3" >"$tmp/received" &
	until grep -q LISTENING "$tmp/received"; do sleep 0.1; done
	said linux "LISTENING $2" 30 && "$built/guest_can" send dyno0 "$2" 1 classic && wait $! || true
	sed "s/^/guest to host, $3: /" "$tmp/received"
	# How seldom the driver notified, and was interrupted.
	ctl devices | grep 'queue 0 of 256'
	grep -q "RECEIVED 100000 .* of $1" "$tmp/received"
}

# sent ID KIND: the guest has 100,000 frames of the host, which waits for nobody: it sends them before its readers
# are let in. A sender that moves between processors overtakes itself (kernels before 6.5).
sent() {
	unhurried
	said linux "LISTENING $1" 30 || return
	echo "host to guest, $2: $(taskset -c 0 chrt -f 1 "$built/guest_can" send dyno0 "$1" 100000 "$2")"
	said linux "FAULT|RECEIVED 100000 .* of $1" 110
}
