# SPDX-License-Identifier: Apache-2.0
# An IVI guest floods CAN, network, disk and console and burns its processors; a cluster guest's answers
# on CAN and its pictures a second are measured with and without, on processors of their own. The IVI is
# killed in the end, which the cluster must not notice.
# An emulated host has noise of its own: the bounds are for what goes wrong by a factor. Figures are
# printed.
needs=(ip)
packages=(libdrm-tests)
programs=(modetest)
files=("$built/guest_can=/bin/guest_can")
guests=(cluster)
limit=110

pid_of() { ctl -j status | tr '{' '\n' | sed -n "s/.*\"name\": *\"$1\".*\"pid\": *\([0-9]*\).*/\1/p"; }

# rates FROM_LINE: the rates that the cluster told since, but for the first, which began before.
rates() { tail -n "+$1" "$runs/cluster.log" | sed -n 's/.*freq: \([0-9.]*\)Hz.*/\1/p' | tail -n +2; }

# figures NAME: sets median and p99 (us) from 2000 frames, one each millisecond, and hz, the pictures a
# second meanwhile.
figures() {
	local text from end=$((SECONDS + 25))
	from=$(wc -l <"$runs/cluster.log")
	text=$("$built/guest_can" ping vcan0 100 2000 classic 1000) || { echo "$text"; ctl devices; ctl -j status; return 1; }
	read -r median p99 < <(sed -n 's/.*median \([0-9]*\) p99 \([0-9]*\).*/\1 \2/p' <<<"$text")
	until [[ $(rates "$from" | wc -l) -ge 2 || $SECONDS -ge $end ]]; do sleep 0.3; done
	hz=$(rates "$from" | awk '{ s += $1; n++ } END { printf "%d", n ? s / n : 0 }')
	echo "FIGURE isolation_$1 CAN median $median us, p99 $p99 us, $hz pictures/s"
}

inside() {
	local quiet_median quiet_p99 quiet_hz ivi
	vcan vcan0
	ip link set vcan0 txqueuelen 1000
	truncate -s 64M "$tmp/disk"
	bench_start DISK="$tmp/disk" && said cluster READY && said cluster 'freq:' 20 && said ivi READY || return
	ivi=$(pid_of ivi)
	# What measures runs with the bench and the cluster.
	[[ $(grep Cpus_allowed_list "/proc/$ivi/status") = *1 ]] || { echo "the IVI is not on CPU 1"; return 1; }
	taskset -cp 0 $BASHPID >/dev/null || return
	figures quiet || return
	quiet_median=$median quiet_p99=$p99 quiet_hz=$hz
	"$built/guest_can" send vcan0 7FF 1 classic >/dev/null && said ivi FLOODING 20 && sleep 2 || return
	figures flooded || return
	kill -0 "$ivi" || { echo "the IVI is gone"; return 1; }
	ctl kill ivi
	"$built/guest_can" ping vcan0 100 100 classic 1000 || return
	[[ $median -le $((3 * quiet_median + 2000)) && $p99 -le $((4 * quiet_p99 + 20000)) ]] ||
		{ echo "FAULT: the cluster answers late while the IVI floods"; return 1; }
	[[ $quiet_hz -gt 0 && $((2 * hz)) -ge $quiet_hz ]] ||
		{ echo "FAULT: the cluster draws slowly while the IVI floods"; return 1; }
	bench_end
}
