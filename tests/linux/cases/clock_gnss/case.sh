# SPDX-License-Identifier: Apache-2.0
# virtio-rtc and a satellite receiver: a time of day of the scenario's own in every clock of the guest, an
# alarm, PTP clocks; sentences on a console port that follow speed and heading, and a tunnel.
kernels=(guest)
files=("$built/guest_clock=/bin/guest_clock")
limit=90

inside() {
	local rc=0
	bench_start || return
	said linux "AT REST" && ctl set Vehicle.Speed 100 &&
		said linux DRIVING && ctl set Vehicle.Tunnel 0 &&
		said linux "IN THE TUNNEL" && ctl set Vehicle.Tunnel 1 || rc=1
	bench_end || rc=1
	return $rc
}
