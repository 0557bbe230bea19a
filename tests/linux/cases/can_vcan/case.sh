# SPDX-License-Identifier: Apache-2.0
# virtio_can of a guest and a vcan of the host, which the bench makes, on one bus: can-utils on both
# ends, classic and FD, remote frames, extended identifiers, loopback, and bus-off with both ways out of it.
needs=(candump cangen cansend canfdtest cansequence ip)
packages=(can-utils iproute2)
programs=(candump cangen cansend canfdtest cansequence ip)
files=("$here/guest/can.sh=/can.sh" "$built/guest_can=/bin/guest_can")
limit=150

# go PHASE: the guest waits for this frame.
go() { said linux "WAITING $1" 60 && cansend dyno0 "7FF#$1"; }

# counted FILE COUNT REGEX: so many lines are there, each frame once.
counted() {
	local n
	n=$(grep -cE "$3" "$1") || true
	[[ $n = "$2" ]] || { echo "the host heard $n of $2 $3"; return 1; }
}

# answers: the host's canfdtest throws back what the guest's sends. It complains of the frame of `go`.
answers() {
	local dut rc=0
	canfdtest dyno0 >"$tmp/dut" 2>&1 &
	dut=$!
	go 04 && said linux '(OK|FAULT) canfdtest' 60 || rc=1
	kill $dut || rc=1
	return $rc
}

inside() {
	local can=$built/guest_can listener sequence other
	modprobe vcan 2>/dev/null || true
	# cansequence has no room of its own to ask for.
	echo 8000000 >/proc/sys/net/core/rmem_default
	bench_start && said linux 'WAITING 01' 60 || return
	ip -details link show dyno0
	candump -L dyno0,100:700,200:700,300:700 >"$tmp/heard" &
	listener=$!
	sleep 0.3

	go 01 && said linux 'PHASE 01 over' 60 || return
	go 02 && said linux 'hears the host' 20 && sleep 0.3 || return
	cangen dyno0 -I 301 -L 8 -D i -n 200 -g 1 && cangen dyno0 -I 302 -f -b -L 48 -D i -n 200 -g 1 || return
	cangen dyno0 -I 303 -R -L 4 -n 20 -g 1 && cangen dyno0 -e -I 304 -L 8 -D i -n 20 -g 1 || return

	# Full duplex, 50 frames on their way, by each end; Debian 12's canfdtest has no FD, guest_can has.
	go 03 && said linux 'canfdtest is there' 20 && sleep 0.3 || return
	timeout 60 canfdtest -g -l 500 dyno0 || { echo "canfdtest: $?"; return 1; }
	timeout 100 "$can" echo dyno0 450 2000 fd &
	other=$!
	answers && wait $other || { ctl devices; return 1; }
	said linux 'LISTENING 460' 20 && "$can" exchange dyno0 460 2000 fd 50 || { ctl devices; return 1; }

	# Byte sequence numbers, both ways; candump tells that all of them came.
	cansequence dyno0 -r --quit=1 >"$tmp/sequence" 2>&1 &
	sequence=$!
	candump -r 8000000 -L -n 5000 -T 20000 dyno0,2:7FF >"$tmp/five_thousand" &
	other=$!
	sleep 0.3
	go 05 && said linux 'PHASE 05 over' 60 && wait $other && sleep 0.5 || return
	# It is there still, and has not complained: it does when it is killed.
	[[ ! -s $tmp/sequence ]] && kill $sequence || { cat "$tmp/sequence"; return 1; }
	counted "$tmp/five_thousand" 5000 ' 002#' || return
	go 06 && said linux 'cansequence is there' 20 && sleep 0.3 || return
	cansequence dyno0 -p --loop=5000 || return

	# The host's controller goes bus-off, and with it the guest's.
	go 07 && said linux 'restart by hand' 60 && cansend dyno0 20000040#0000000000000000 || return
	said linux 'PHASE 07 over' 60 || return
	go 08 && said linux 'restart by itself' 20 && cansend dyno0 20000040#0000000000000000 || return
	bench_end || return
	kill $listener 2>/dev/null || true
	counted "$tmp/heard" 200 ' 101#([0-9A-F]{16})$' && counted "$tmp/heard" 200 ' 201##[0-9A-F]([0-9A-F]{96})$' || return
	counted "$tmp/heard" 20 ' 102#R' && counted "$tmp/heard" 20 ' 18DAF110#' || return
	# Loopback is the guest's own matter.
	counted "$tmp/heard" 50 ' 110#' && counted "$tmp/heard" 50 ' 111#' && counted "$tmp/heard" 1 ' 112#' || return
	# Nor does the host hear its own frames a second time.
	counted "$tmp/heard" 420 ' 30[123]#' || return
	counted "$tmp/heard" 20 ' 30C#' && counted "$tmp/heard" 20 ' 30D#' || return
	! ip link show dyno0 2>/dev/null
}
