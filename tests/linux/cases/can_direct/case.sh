# SPDX-License-Identifier: Apache-2.0
# virtio_can of a guest by a socket of its own on a vcan (`direct`): 100,000 frames each way without loss
# or reordering; the bench is beside it, records all and sends, too; bus-off of the host's controller.
source "$here/host/can_flood.sh"
packages=(can-utils iproute2)
programs=(candump cangen cansend ip)
files=("$here/guest/can.sh=/can.sh" "$built/guest_can=/bin/guest_can")
needs=(candump cansend chrt ip taskset)
limit=240

go() { said linux "WAITING $1" 60 && cansend dyno0 "7FF#$1"; }

inside() {
	local i n
	modprobe vcan 2>/dev/null || true
	bench_start && said linux READY || return
	candump -L dyno0,456:7FF >"$tmp/heard" &
	received 400 401 classic && sent 430 fd || stuck || return
	# The bench sends, and a guest hears it as it hears the host.
	go 03 && said linux 'hears the bench' 20 && ctl send can0 123#C0FFEE && said linux 'OK the bench is heard' || return
	go 04 && said linux 'restart by hand' 20 && cansend dyno0 20000040#0000000000000000 || return
	go 05 && bench_end || return
	n=$(grep -c ' 456#' "$tmp/heard") || true
	[[ $n = 20 ]] || { echo "heard $n of 20 after the restart"; return 1; }
	for i in 400 430; do
		n=$(grep -c " can0 $i#" "$runs/can0.log") || true
		[[ $n = 100000 ]] || { echo "$n of $i are recorded"; return 1; }
	done
	! ip link show dyno0 2>/dev/null
}
