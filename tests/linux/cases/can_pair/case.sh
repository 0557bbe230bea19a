# SPDX-License-Identifier: Apache-2.0
# Two guests with virtio_can on a bus of the bench: frames both ways at a time, can-utils, bus-off and
# recovery, controllers that stop and start on a busy bus, and the kernel's own filter test.
packages=(can-utils iproute2)
programs=(candump cangen cansend canfdtest cansequence ip)
files=("$here/guest/can.sh=/can.sh" "$built/guest_can=/bin/guest_can" "$out/test_raw_filter=/bin/test_raw_filter")
guests=(a b)
limit=90

prepare() {
	local tests
	tests=$("$root/assets/linux/build-kernel-tests") || return
	cp "$tests/test_raw_filter" "$out/"
}

# go PHASE: both guests wait for this frame.
go() { said a "WAITING $1" 60 && said b "WAITING $1" 60 && ctl send can0 "7FF#$1"; }

inside() {
	bench_start || return
	go 01 && go 02 && go 03 && said b 'PHASE 03 over' || return
	go 04 && said a 'FLOODED' && ctl bus-off a can0 || return
	go 05 && bench_end
}
