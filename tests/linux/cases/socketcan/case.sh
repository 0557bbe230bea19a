# SPDX-License-Identifier: Apache-2.0
# A vcan that the bench makes and removes, with can-utils at its other end and a bare-metal guest
# that answers: nobody hears itself, the interface may vanish, its errors are told, what a killed run
# left is taken over. Then the unit test of the socket port.
kernels=(none)
needs=(candump cansend ip)
limit=100

gone() { ! ip link show dyno0 2>/dev/null || { echo "dyno0 is still there"; return 1; }; }

mixed() {
	local sent
	bench_start SECONDS=9s || return
	until ip link show up dev dyno0 2>/dev/null | grep -q . || ! kill -0 $bench; do sleep 0.1; done
	# Before the timed frames.
	candump -L dyno0 >"$tmp/heard" &
	said echo 'READY echo' 20 || return
	cansend dyno0 321#C0FFEE
	cansend dyno0 00000456##1AABBCC
	bench_end || return
	sent=$(grep -c ' dyno0 123#DEADBEEF' "$tmp/heard") || true
	echo "candump heard $sent of 100 cyclic frames"
	[[ $sent = 100 ]] || return
	# Newer kernels mark FD frames with FDF (4) beside BRS (1).
	grep -qE ' dyno0 18DAF110##[15]021003' "$tmp/heard" || { tail -5 "$tmp/heard"; return 1; }
	[[ $(grep -c ' dyno0 556#' "$tmp/heard") = 20 ]] || { echo "the guest's answers to the replay"; return 1; }
	gone
}

away() {
	bench_start SECONDS=60s && said echo 'READY echo' 20 || return
	# The timed frames and the replay are over.
	sleep 5
	ip link del dyno0
	sleep 0.5
	vcan dyno0
	sleep 0.5
	heard dyno0 457 cansend dyno0 456#01 || { echo "the interface is not used again"; return 1; }
	grep -q 'dyno0 is back' "$tmp/log" || return
	# An error first, then a bus-off: the guest's controller goes with the host's.
	cansend dyno0 20000008#0000000000000000
	cansend dyno0 20000040#0000000000000000
	! heard dyno0 457 cansend dyno0 456#02 2>/dev/null || { echo "the guest is on the bus"; return 1; }
	bench_end stop || true # what did not happen any more was not run
	grep -E ' (20000008|20000040)#' "$runs/can0.log" | wc -l | grep -qx 2 ||
		{ echo "errors are not recorded"; return 1; }
	python3 - "$runs/metrics.json" <<-'END' || return
	import json, sys
	bus = json.load(open(sys.argv[1]))["can"]["buses"]["can0"]
	print("ports:", bus["ports"])
	host, guest = bus["ports"]["dyno0"], bus["ports"]["echo/can0"]
	assert guest["bus_off"] and host["errors"] == 2 and host["interruptions"] == 1
	assert host["overruns"] == 0 and bus["dropped"] == 0
	END
	ip link del dyno0
}

killed() {
	bench_start SECONDS=60s && said echo 'READY echo' 20 || return
	kill -9 $bench
	wait $bench || true
	ip link show dyno0 >/dev/null || { echo "who removed it?"; return 1; }
	bench_start SECONDS=60s && said echo 'READY echo' 20 || return
	grep 'was left by a dyno that was killed' "$tmp/log" || return
	kill -INT $bench
	wait $bench || true
	gone
}

inside() {
	export ECHO=$DYNO_BIN/../tests/echo.elf TRACE=$tmp/trace.log
	local i
	[[ -e $ECHO && -x $DYNO_BIN/../tests/test_socketcan ]] || { echo "tests are not built"; return 77; }
	modprobe vcan 2>/dev/null || true
	for i in {0..19}; do printf '(1.%02d0000) can9 555#%02X\n' "$i" "$i"; done >"$TRACE"
	mixed || return
	away || return
	killed || return
	vcan vcan0
	"$DYNO_BIN/../tests/test_socketcan" || return
	# It says why it cannot run.
	ip link set vcan0 down
	i=0
	"$DYNO_BIN/../tests/test_socketcan" || i=$?
	[[ $i = 77 ]]
}
