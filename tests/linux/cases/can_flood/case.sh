# SPDX-License-Identifier: Apache-2.0
# 100,000 numbered frames of virtio_can reach a program of the host over a vcan, as fast as the guest can
# send, classic and FD: none is lost, doubled or out of order.
packages=(iproute2)
programs=(ip)
files=("$built/guest_can=/bin/guest_can")
limit=240

# received ID KIND: the host has 100,000 frames of the guest, which waits until it listens.
received() {
	timeout 110 "$built/guest_can" receive dyno0 "$1" 100000 "$2" >"$tmp/received" &
	until grep -q LISTENING "$tmp/received"; do sleep 0.1; done
	said linux "WAITING $1" && "$built/guest_can" send dyno0 7FF 1 classic && wait $! || true
	sed "s/^/$2: /" "$tmp/received"
	# How seldom the driver notified, and was interrupted.
	ctl devices | grep 'queue 0 of 256'
	grep -q RECEIVED "$tmp/received" || { ctl devices; cat /proc/net/softnet_stat; return 1; }
}

inside() {
	modprobe vcan 2>/dev/null || true
	bench_start && said linux READY || return
	received 400 classic && received 410 fd || return
	bench_end || return
	! grep -E '"(overruns|rx_dropped|dropped)": [1-9]' "$runs/metrics.json"
}
