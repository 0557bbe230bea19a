# SPDX-License-Identifier: Apache-2.0
# vcan between the bench and can-utils, both ways, no frame lost or heard twice; then the unit test
# of the socket port, which needs an interface too. No guest.
kernels=(none)
needs=(candump cansend ip)
limit=40

inside() {
	local sent
	vcan vcan0
	candump -L vcan0 >"$tmp/heard" &
	bench_start || return
	cansend vcan0 321#C0FFEE
	cansend vcan0 00000456##1AABBCC
	bench_end || return
	sent=$(grep -c ' vcan0 123#DEADBEEF' "$tmp/heard") || true
	echo "candump heard $sent of 100 cyclic frames"
	[[ $sent = 100 ]] || return
	# Newer kernels mark FD frames with FDF (4) beside BRS (1).
	grep -qE ' vcan0 18DAF110##[15]021003' "$tmp/heard" || { tail -5 "$tmp/heard"; return 1; }
	[[ ! -x $DYNO_BIN/../tests/test_socketcan ]] || "$DYNO_BIN/../tests/test_socketcan"
}
