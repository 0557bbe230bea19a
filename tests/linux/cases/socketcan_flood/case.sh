# SPDX-License-Identifier: Apache-2.0
# A bare-metal guest at the end of a vcan that the bench makes: 100,000 frames from it and to it, classic
# and FD, as fast as can be. All are there and in order, however slow the guest is.
kernels=(none)
needs=(candump cansend cangen canfdtest ip)
limit=300

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
	# A sender that moves between processors overtakes itself (kernels before 6.5).
	taskset -c 0 cangen dyno0 -I 200 -L 8 -D i -g 0 -p 10 "${how[@]}" -n 100000 || return
	echo "host to guest ${1:-classic}: sent in $(awk "BEGIN { print $EPOCHREALTIME - $t }") s"
	# What the guest has not read yet waits for it.
	patience=100 heard dyno0 211 cansend dyno0 210# || { ctl devices; return 1; }
	grep -q '211#A086010000000000' "$tmp/one" || { echo "not all, or not in order"; return 1; }
}

inside() {
	export ECHO=$DYNO_BIN/../tests/echo.elf
	[[ -e $ECHO ]] || { echo "no echo.elf"; return 77; }
	modprobe vcan 2>/dev/null || true
	bench_start && said echo 'READY echo' 20 || return
	canfdtest -g -l 2000 dyno0 | tee "$tmp/canfdtest"
	# It rests for a millisecond after each frame.
	grep -q 'sent and received: 2000$' "$tmp/canfdtest" || return
	flood || return
	flood fd || return
	bench_end stop || true # what did not happen any more was not run
	! grep -E '"(overruns|rx_dropped|dropped)": [1-9]' "$runs/metrics.json"
}
