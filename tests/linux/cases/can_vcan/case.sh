# SPDX-License-Identifier: Apache-2.0
# virtio_can of a guest and a vcan of the host, which the bench makes, on one bus: can-utils on both
# ends, classic and FD, remote frames, loopback, 100,000 frames each way without loss or reordering, and
# bus-off with both ways out of it.
needs=(candump cangen cansend canfdtest cansequence ip)
packages=(can-utils iproute2)
programs=(candump cangen cansend canfdtest cansequence ip)
files=("$here/guest/can.sh=/can.sh" "$built/guest_can=/bin/guest_can")
limit=420

# go PHASE: the guest waits for this frame.
go() { said linux "WAITING $1" 60 && cansend vcan0 "7FF#$1"; }
over() { said linux "PHASE $1 over"; }

# received WHAT ID KIND COMMAND...: the host has 100,000 numbered frames after the command.
received() {
	timeout 150 "$DYNO_BIN/../tests/guest_can" receive vcan0 "$1" 100000 "$2" >"$tmp/received" &
	shift 2
	"$@" && wait $! || true
	sed 's/^/host /' "$tmp/received"
	grep -q RECEIVED "$tmp/received" || { ctl devices; return 1; }
}

# flood ID KIND PHASE: the guest has 100,000 of the host's frames, however slow it is. A sender that moves
# between processors overtakes itself (kernels before 6.5).
flood() {
	go "$3" && said linux "LISTENING $1" 20 || return
	taskset -c 0 "$DYNO_BIN/../tests/guest_can" send vcan0 "$1" 100000 "$2" && over "$3" || { ctl devices; return 1; }
}

inside() {
	local can=$DYNO_BIN/../tests/guest_can rc=0
	modprobe vcan 2>/dev/null || true
	# Of a case before.
	ip link del vcan0 2>/dev/null || true
	# cansequence has no room of its own to ask for.
	echo 8000000 >/proc/sys/net/core/rmem_default
	bench_start || return
	said linux 'WAITING 01' 60 || return
	ip -details link show vcan0
	candump -L vcan0,100:700,200:700,300:700 >"$tmp/heard" &

	go 01 && over 01 && sleep 0.5 || return
	echo "candump heard $(grep -c ' 1[0-9A-F][0-9A-F]#[0-9A-F]*$' "$tmp/heard") classic of 300"
	[[ $(grep -cE ' 101#([0-9A-F]{2})*$' "$tmp/heard") = 200 ]] || rc=1
	[[ $(grep -cE ' 201##' "$tmp/heard") = 200 ]] || rc=1
	[[ $(grep -cE ' 102#R' "$tmp/heard") = 20 ]] || rc=1
	[[ $(grep -cE ' (110|111)#' "$tmp/heard") = 100 ]] || rc=1
	[[ $rc = 0 ]] || { tail -5 "$tmp/heard"; return 1; }

	go 02 && said linux LISTENING 20 && sleep 0.5 || return
	cangen vcan0 -I 301 -L 8 -D i -n 200 -g 1
	cangen vcan0 -I 302 -f -b -L 40 -D i -n 200 -g 1
	cangen vcan0 -I 303 -R -L 4 -n 20 -g 1
	sleep 0.5
	# Nor does the host hear its own frames a second time.
	[[ $(grep -cE ' 30[123]#' "$tmp/heard") = 420 ]] || { echo "the host hears itself"; return 1; }

	# Full duplex, 50 frames in flight.
	go 03 && said linux 'canfdtest is there' 20 && sleep 0.3 || return
	timeout 60 canfdtest -g -l 300 vcan0 || { echo "canfdtest: $?"; return 1; }

	# Byte sequence numbers, both ways.
	timeout 60 cansequence vcan0 -r --quit=1 >"$tmp/sequence" 2>&1 &
	go 05 && over 05 || return
	[[ ! -s $tmp/sequence ]] || { cat "$tmp/sequence"; return 1; }
	go 06 && said linux 'cansequence is there' 20 && sleep 0.3 || return
	cansequence vcan0 -p --loop=5000 && sleep 1 && cansend vcan0 7FE# && over 06 || return

	received 400 classic go 07 && over 07 || return
	received 410 fd go 08 && over 08 || return
	# As fast as the host can: the guest is slower.
	flood 420 classic 09 || return
	flood 430 fd 0A || return

	go 0B && said linux 'echo is there' 20 || return
	"$can" ping vcan0 440 300 classic 200 || return
	# The same between two programs of the host.
	vcan vcan1
	"$can" echo vcan1 440 300 classic >/dev/null &
	sleep 0.3
	echo "floor: $("$can" ping vcan1 440 300 classic 200)"

	# The host's controller goes bus-off, and with it the guest's.
	go 0C && said linux 'restart by hand' 20 && cansend vcan0 20000040#0000000000000000 && over 0C || return
	[[ $(grep -c ' 30C#' "$tmp/heard") = 20 ]] || { echo "nothing after the restart by hand"; return 1; }
	go 0D && said linux 'restart by itself' 20 && cansend vcan0 20000040#0000000000000000 && over 0D || return
	[[ $(grep -c ' 30D#' "$tmp/heard") = 20 ]] || { echo "nothing after the restart by itself"; return 1; }
	go 0E && bench_end || return
	! ip link show vcan0 2>/dev/null
}
