# SPDX-License-Identifier: Apache-2.0
# virtio_can of a guest by a socket of its own on a vcan (`direct`): 100,000 frames each way without loss
# or reordering; the bench is beside it, records all and sends, too; bus-off of the host's controller. And where
# nothing needs what is on the bus, the bench is not there.
source "$here/host/can_flood.sh"
packages=(can-utils iproute2)
programs=(candump cangen cansend ip)
files=("$here/guest/can.sh=/can.sh" "$built/guest_can=/bin/guest_can")
needs=(candump cansend chrt ip taskset)
limit=240

go() { said linux "WAITING $1" 60 && cansend dyno0 "7FF#$1"; }

beside() {
	local i n
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

# listeners: sockets that hear every frame of the interface.
listeners() { awk '$1 == "dyno0"' /proc/net/can/rcvlist_all | wc -l; }

unheard() {
	local scenario=unheard.yaml n
	bench_start && said linux 'hears the bench' 60 || return
	n=$(listeners)
	[[ $n = 1 ]] || { echo "$n listen, not the guest alone"; cat /proc/net/can/rcvlist_all; return 1; }
	heard dyno0 456 ctl send can0 123#C0FFEE && said linux 'OK the bench is heard' && go 05 && bench_end || return
	[[ ! -e $runs/can0.log ]] || { echo "it is recorded"; return 1; }
	python3 - "$runs/metrics.json" <<-'END'
	import json, sys
	bus = json.load(open(sys.argv[1]))["can"]["buses"]["can0"]
	print("metrics:", bus)
	assert not bus["heard"] and bus["recorded"] == 0
	END
}

inside() {
	modprobe vcan 2>/dev/null || true
	beside && unheard
}
