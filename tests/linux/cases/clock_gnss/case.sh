# SPDX-License-Identifier: Apache-2.0
# virtio-rtc and a satellite receiver: a time of day of the scenario's own in every clock of the guest, an
# alarm, PTP clocks, a pause in which all of them stand; sentences on a console port that follow speed and
# heading, and a tunnel.
kernels=(guest)
files=("$built/guest_clock=/bin/guest_clock")
limit=90
start=1893553445

inside() {
	local rc=0 at shown
	bench_start || return
	said linux "AT REST" && ctl pause && sleep 4 && ctl resume && ctl set Vehicle.Speed 100 &&
		said linux DRIVING && ctl set Vehicle.Tunnel 0 &&
		said linux "IN THE TUNNEL" && ctl set Vehicle.Tunnel 1 || rc=1
	bench_end || rc=1
	# The log has bench time, in which there was no pause.
	read -r at shown < <(sed -n 's/^ *\([0-9]*\)\..* serial: CLOCK \([0-9]*\)$/\1 \2/p' "$runs/linux.log")
	echo "its clock showed $((shown - start)) s at $at s"
	((shown - start - at >= -2 && shown - start - at <= 1)) || rc=1
	return $rc
}
