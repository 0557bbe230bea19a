# SPDX-License-Identifier: Apache-2.0
# 100,000 numbered frames from virtio_can to a program of the host over a vcan, and as many back, classic and
# FD, each as fast as its sender can: none is lost, doubled or out of order.
source "$here/host/can_flood.sh"
packages=(iproute2)
programs=(ip)
needs=(chrt taskset)
files=("$built/guest_can=/bin/guest_can")
limit=240

inside() {
	modprobe vcan 2>/dev/null || true
	bench_start && said linux READY || return
	received 400 401 classic && received 410 411 fd || stuck || return
	sent 420 classic && sent 430 fd || stuck || return
	bench_end || return
	# What the guest printed of its speed.
	grep -o 'RECEIVED 100000.*' "$runs/linux.log"
	! grep -E '"(overruns|rx_dropped|dropped)": [1-9]' "$runs/metrics.json"
}
