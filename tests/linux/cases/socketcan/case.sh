# SPDX-License-Identifier: Apache-2.0
# A vcan that the bench makes and removes, with can-utils at its other end and a bare-metal guest
# that answers: nobody hears itself, 100,000 frames each way are all there and in order, the
# interface may vanish, its errors are told. Then the unit test of the socket port.
kernels=(none)
needs=(candump cansend cangen canfdtest ip)
limit=230

# The frames of candump on stdin are numbered from 0 in their first 32 bits; there are $1.
numbered() {
	awk -v want="$1" '
	function digit(at) { return index("0123456789ABCDEF", substr(d, at, 1)) - 1 }
	function byte(at) { return digit(at) * 16 + digit(at + 1) }
	{
		d = $3
		# FD frames have a digit of flags.
		if (!sub(/^[0-9A-F]*##./, "", d)) sub(/^[0-9A-F]*#/, "", d)
		if (byte(1) + 256 * byte(3) + 65536 * byte(5) != n) wrong++
		n++
	}
	END { print n + 0 " frames, " wrong + 0 " out of order"; exit n != want || wrong }'
}

# heard ID COMMAND...: a frame with this identifier comes because of the command ($patience seconds).
heard() {
	local id=$1 pid rc=0
	shift
	candump -L -n 1 -T "${patience:-3}000" "dyno0,$id:7FF" >"$tmp/one" &
	pid=$!
	sleep 0.3
	"$@" && wait $pid || rc=$?
	cat "$tmp/one"
	[[ $rc = 0 && -s $tmp/one ]]
}

gone() { ! ip link show dyno0 2>/dev/null || { echo "dyno0 is still there"; return 1; }; }

mixed() {
	local sent
	bench_start SECONDS=8s && said echo 'READY echo' 20 || return
	candump -L dyno0 >"$tmp/heard" &
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

# 100,000 frames from the guest, and to the guest; $1: nothing, or `fd`.
flood() {
	local request=300#A0860100 how=() t
	[[ ${1:-} != fd ]] || request=300##1A0860100 how=(-f -b)
	candump -r 100000000 -L -n 100000 -T 20000 dyno0,301:7FF >"$tmp/flood" &
	sleep 0.5
	t=$EPOCHREALTIME
	cansend dyno0 "$request"
	wait $!
	echo "guest to host ${1:-classic}: $(numbered 100000 <"$tmp/flood")," \
		"$(awk "BEGIN { print int(100000 / ($EPOCHREALTIME - $t)) }") a second" || return
	numbered 100000 <"$tmp/flood" >/dev/null || return
	t=$EPOCHREALTIME
	cangen dyno0 -I 200 -L 8 -D i -g 0 -p 10 "${how[@]}" -n 100000 || return
	echo "host to guest ${1:-classic}: sent in $(awk "BEGIN { print $EPOCHREALTIME - $t }") s"
	# What the guest has not read yet waits for it.
	patience=60 heard 211 cansend dyno0 210# || return
	grep -q '211#A086010000000000' "$tmp/one" || { echo "not all, or not in order"; return 1; }
}

long() {
	bench_start SECONDS=300s && said echo 'READY echo' 20 || return
	# The timed frames and the replay are over.
	sleep 3
	canfdtest -g -l 10000 dyno0 | tee "$tmp/canfdtest"
	# It rests for a millisecond after each frame.
	grep -q 'sent and received: 10000$' "$tmp/canfdtest" || return
	flood || return
	flood fd || return

	ip link del dyno0
	sleep 0.5
	vcan dyno0
	sleep 0.5
	heard 457 cansend dyno0 456#01 || { echo "the interface is not used again"; return 1; }
	grep -q 'dyno0 is back' "$tmp/log" || return
	# An error first, then a bus-off: the guest's controller goes with the host's.
	cansend dyno0 20000008#0000000000000000
	cansend dyno0 20000040#0000000000000000
	! heard 457 cansend dyno0 456#02 2>/dev/null || { echo "the guest is on the bus"; return 1; }
	bench_end stop
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
	bench_start SECONDS=60s || return
	kill -9 $bench
	wait $bench || true
	ip link show dyno0 >/dev/null || { echo "who removed it?"; return 1; }
	bench_start SECONDS=60s || return
	grep 'was left by a dyno that was killed' "$tmp/log" || return
	kill -INT $bench
	wait $bench || true
	gone
}

inside() {
	export ECHO=$DYNO_BIN/../tests/echo.elf TRACE=$tmp/trace.log
	local i
	[[ -e $ECHO ]] || { echo "no echo.elf"; return 77; }
	modprobe vcan 2>/dev/null || true
	for i in {0..19}; do printf '(1.%02d0000) can9 555#%02X\n' "$i" "$i"; done >"$TRACE"
	mixed || return
	long || return
	killed || return
	vcan vcan0
	[[ ! -x $DYNO_BIN/../tests/test_socketcan ]] || "$DYNO_BIN/../tests/test_socketcan"
}
