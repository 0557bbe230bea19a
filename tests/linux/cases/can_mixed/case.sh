# SPDX-License-Identifier: Apache-2.0
# Everybody on one bus at the same time: two guests with virtio_can, a vcan of the host that the bench
# makes, a replay and timed frames. All that listen hear the same frames, each once, and those of each
# identifier in the same order.
needs=(candump cangen cansend ip)
packages=(can-utils iproute2)
programs=(candump cangen ip)
guests=(a b)
limit=120

# What candump -L heard, as a sum over the frames by identifier, and how many they were. Flags of FD
# frames differ: virtio-can has no bit-rate switch.
digest() {
	grep -E ' [1-5][0-9A-F]{2}#' "$1" | cut -d' ' -f3 | sed 's/##./##/' | LC_ALL=C sort -s -t'#' -k1,1 >"$tmp/frames"
	echo "$(wc -l <"$tmp/frames") $(md5sum <"$tmp/frames" | cut -d' ' -f1)"
}

inside() {
	local i own sum one two
	export TRACE=$tmp/trace.log
	modprobe vcan 2>/dev/null || true
	for ((i = 0; i < 1000; i++)); do
		printf '(%d.%06d) can9 555#%08X\n' $((1 + i / 500)) $((i % 500 * 2000)) $i
	done >"$TRACE"
	bench_start || return
	said a LISTENING 60 && said b LISTENING 60 || return
	candump -r 50000000 -L dyno0 >"$tmp/heard" &
	candump -n 1 dyno0,555:7FF >/dev/null
	cangen dyno0 -I 321 -L 8 -D i -n 500 -g 1 &
	one=$!
	cangen dyno0 -I 322 -f -L 24 -D i -n 300 -g 1 &
	two=$!
	wait $one && wait $two && said a SENT && said b SENT || return
	# The replay and the timed frames take less than three seconds of the bench's.
	sleep 3
	cansend dyno0 7FE#
	bench_end || return
	own=$(digest "$tmp/heard")
	echo "host heard $own"
	[[ ${own% *} = 3500 ]] || return
	for i in a b; do
		sum=$(sed -n 's/.*serial: HEARD \([0-9]* [0-9a-f]*\).*/\1/p' "$runs/$i.log")
		echo "$i heard $sum"
		[[ $sum = "$own" ]] || return
	done
	! ip link show dyno0 2>/dev/null
}
