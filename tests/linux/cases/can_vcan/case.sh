# SPDX-License-Identifier: Apache-2.0
# virtio_can of a guest and a host's vcan on one bus: can-utils on both ends, classic and FD, remote
# frames, and 50,000 frames each way without loss or reordering.
needs=(candump cangen cansend canfdtest cansequence ip)
packages=(can-utils iproute2)
programs=(candump cangen cansend canfdtest cansequence ip)
files=("$built/guest_can=/bin/guest_can")
limit=90

# go PHASE: the guest waits for this frame.
go() { said linux "WAITING $1" 60 && cansend vcan0 "7FF#$1"; }

inside() {
	local can=$DYNO_BIN/../tests/guest_can rc=0
	vcan vcan0
	# cansequence has no room of its own to ask for.
	echo 8000000 >/proc/sys/net/core/rmem_default
	ip link set vcan0 txqueuelen 1000
	bench_start || return
	candump -L vcan0,100:700,200:700 >"$tmp/heard" &

	go 01 && said linux 'PHASE 01 over' && sleep 0.5 || return
	echo "candump heard $(grep -c ' 1[0-9A-F][0-9A-F]#[0-9A-F]*$' "$tmp/heard") classic of 200"
	[[ $(grep -cE ' 1..#([0-9A-F]{2})*$' "$tmp/heard") = 200 ]] || rc=1
	[[ $(grep -cE ' 2..##' "$tmp/heard") = 200 ]] || rc=1
	[[ $(grep -cE ' 1..#R' "$tmp/heard") = 20 ]] || rc=1
	[[ $rc = 0 ]] || { tail -5 "$tmp/heard"; return 1; }

	go 02 && said linux LISTENING 20 && sleep 0.5 || return
	cangen vcan0 -I 301 -L 8 -D i -n 200 -g 1
	cangen vcan0 -I 302 -f -b -L 40 -D i -n 200 -g 1
	cangen vcan0 -I 303 -R -L 4 -n 20 -g 1

	# Full duplex, 50 frames in flight.
	go 03 && said linux 'canfdtest is there' 20 && sleep 0.3 || return
	timeout 40 canfdtest -g -l 100 vcan0 || { echo "canfdtest: $?"; return 1; }

	# Byte sequence numbers, both ways.
	timeout 30 cansequence vcan0 -r --quit=1 >"$tmp/sequence" 2>&1 &
	go 04 && said linux 'PHASE 04 over' || return
	[[ ! -s $tmp/sequence ]] || { cat "$tmp/sequence"; return 1; }

	timeout 60 "$can" receive vcan0 400 50000 classic >"$tmp/classic" &
	timeout 60 "$can" receive vcan0 410 50000 fd >"$tmp/fd" &
	go 05 && said linux 'PHASE 05 over' || return
	sleep 0.5
	sed 's/^/host /' "$tmp/classic" "$tmp/fd"
	grep -q RECEIVED "$tmp/classic" && grep -q RECEIVED "$tmp/fd" || return

	go 06 && said linux 'LISTENING twice' 20 || return
	"$can" send vcan0 420 50000 classic 32 4000
	"$can" send vcan0 430 50000 fd 32 4000
	said linux 'PHASE 06 over' || return

	go 07 && said linux 'echo is there' 20 || return
	"$can" ping vcan0 440 1000 classic 1000 || return
	bench_end
}
