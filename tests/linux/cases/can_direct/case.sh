# SPDX-License-Identifier: Apache-2.0
# virtio_can of a guest by a socket of its own on a vcan (`direct`): 100,000 frames each way without loss
# or reordering; the bench is beside it, records all and sends, too; bus-off of the host's controller.
packages=(can-utils iproute2)
programs=(candump cangen cansend ip)
files=("$here/guest/can.sh=/can.sh" "$built/guest_can=/bin/guest_can")
needs=(candump cansend ip)
limit=240

go() { said linux "WAITING $1" 60 && cansend dyno0 "7FF#$1"; }

# received ID KIND PHASE: the host has 100,000 numbered frames of the guest.
received() {
	timeout 100 taskset -c 0 "$DYNO_BIN/../tests/guest_can" receive dyno0 "$1" 100000 "$2" >"$tmp/received" &
	sleep 0.3
	go "$3" && wait $! || true
	cat "$tmp/received"
	grep -q RECEIVED "$tmp/received"
}

# sent ID KIND PHASE: the guest has 100,000 of the host, which does not wait for it.
sent() {
	go "$3" && said linux "LISTENING $1" 20 || return
	# A sender that moves between processors overtakes itself (kernels before 6.5).
	taskset -c 0 "$DYNO_BIN/../tests/guest_can" send dyno0 "$1" 100000 "$2" && said linux "PHASE $3 over"
}

# stuck: where a flood that stopped stands.
stuck() {
	ctl devices
	return 1
}

inside() {
	modprobe vcan 2>/dev/null || true
	bench_start || return
	candump -L dyno0,456:7FF >"$tmp/heard" &
	received 400 classic 01 || stuck || return
	sent 430 fd 02 || stuck || return
	# The bench sends, and a guest hears it as it hears the host.
	go 03 && said linux LISTENING 20 && ctl send can0 123#C0FFEE && said linux 'OK the bench is heard' || return
	go 04 && said linux 'restart by hand' 20 && cansend dyno0 20000040#0000000000000000 || return
	go 05 && bench_end || return
	[[ $(grep -c ' 456#' "$tmp/heard") = 20 ]] || { echo "nothing after the restart"; return 1; }
	echo "recorded: $(awk '{ sub(/#.*/, "", $3); n[$3]++ } END { for (i in n) printf "%s %d ", i, n[i] }' "$runs/can0.log")"
	for i in 400 430; do
		[[ $(grep -c " can0 $i#" "$runs/can0.log") = 100000 ]] || { echo "not all of $i are recorded"; return 1; }
	done
	! ip link show dyno0 2>/dev/null
}
