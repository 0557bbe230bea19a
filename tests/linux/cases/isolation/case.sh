# SPDX-License-Identifier: Apache-2.0
# An IVI guest floods CAN, network, disk and console and burns its processors; a cluster guest's answers
# on CAN and its pictures a second stay within a tenth, guests and bench each on processors of their own.
# That it would be seen, a flood from the cluster's own processor shows. The IVI is killed in the end,
# which the cluster must not notice.
# On the instruction clock, whose processors are always busy here, so that each has the same speed
# whatever the others do (docs/decisions/0019).
needs=(chrt ip socat taskset)
packages=(libdrm-tests)
programs=(modetest)
files=("$built/guest_can=/bin/guest_can")
guests=(cluster)
limit=60 clock=1 host_cpus=5

# With the release's QEMU a processor keeps the clock for milliseconds.
prepare() {
	[[ $clock = 0 ]] || "$here/../testhost/emulator" --if-cached >/dev/null || return 77
}

pid_of() { ctl -j status | tr '{' '\n' | sed -n "s/.*\"name\": *\"$1\".*\"pid\": *\([0-9]*\).*/\1/p"; }

# rates FROM_LINE: the rates that the cluster told since, but for the first, which began before.
rates() { tail -n "+$1" "$runs/cluster.log" | sed -n 's/.*freq: \([0-9.]*\)Hz.*/\1/p' | tail -n +2; }

# figures NAME FRAMES: sets median and p99 (us) from so many frames, each 1013 us after an answer, and pictures,
# those of ten seconds at the rate that they come meanwhile. What asks stands for the outside world,
# which waits for nobody here.
figures() {
	local text from end=$((SECONDS + 25))
	from=$(wc -l <"$runs/cluster.log")
	text=$(chrt -f 1 "$built/guest_can" ping vcan0 100 "$2" classic 1013) ||
		{ echo "$text"; ctl devices; ctl -j status; return 1; }
	read -r median p99 < <(sed -n 's/.*median \([0-9]*\) p99 \([0-9]*\).*/\1 \2/p' <<<"$text")
	until [[ $(rates "$from" | wc -l) -ge 2 || $SECONDS -ge $end ]]; do sleep 0.3; done
	pictures=$(rates "$from" | awk '{ s += $1; n++ } END { printf "%d", n ? 10 * s / n : 0 }')
	echo "FIGURE isolation_$1 CAN median $median us, p99 $p99 us, $pictures pictures in 10 s"
}

# within_a_tenth: are the last figures, of the quiet ones? On processors with other work too nothing
# repeats to a tenth: there it is a factor.
within_a_tenth() {
	local times=1 percent=110
	[[ $clock = 1 ]] || times=3 percent=300
	[[ $((100 * median)) -le $((percent * quiet_median)) && $((100 * p99)) -le $((percent * quiet_p99)) ]] ||
		{ echo "FAULT: the cluster answers late while the IVI floods"; return 1; }
	[[ $quiet_pictures -gt 0 && $((10 * times * pictures)) -ge $((9 * quiet_pictures)) ]] ||
		{ echo "FAULT: the cluster draws slowly while the IVI floods"; return 1; }
}

# done_by_ivi: frames on CAN and on Ethernet, bytes written to disk and console, so far.
done_by_ivi() {
	local text key
	text=$(ctl -j devices ivi)
	for key in tx_ok tx_frames written_bytes written; do
		sed -n "s/.*\"$key\": *\([0-9]*\).*/\1/p" <<<"$text"
	done | paste -sd ' '
}

# flood BEFORE AFTER: says what the IVI did; fails where there is something that it did not.
flood() {
	local i kinds=("frames on CAN" "frames on Ethernet" "bytes to its disk" "bytes to its console")
	local -a before after
	read -ra before <<<"$1"
	read -ra after <<<"$2"
	for i in 0 1 2 3; do
		echo "the IVI's flood: $((after[i] - before[i])) ${kinds[i]}"
		[[ $((after[i] - before[i])) -gt 100 ]] || { echo "FAULT: that is no flood"; return 1; }
	done
}

# place PID CPU NICE: all its threads.
place() {
	local task
	for task in /proc/"$1"/task/*; do
		taskset -cp "$2" "${task##*/}" >/dev/null && renice -n "$3" -p "${task##*/}" >/dev/null || return
	done
}

inside() {
	local quiet_median quiet_p99 quiet_pictures ivi cpu before
	[[ $(nproc) -ge $host_cpus ]] || { echo "skipped: needs $host_cpus processors"; exit 77; }
	vcan vcan0 vcan1
	ip link set vcan0 txqueuelen 1000
	truncate -s 64M "$tmp/disk"
	nice -n 19 taskset -c 0 socat -u TCP-LISTEN:5309,bind=127.0.0.1,fork OPEN:/dev/null,wronly &
	bench_start DISK="$tmp/disk" FRAMES=$((clock ? 5500 : 5000)) && said cluster READY && said cluster 'freq:' 20 && said ivi READY || return
	ivi=$(pid_of ivi)
	# The outside world has the first processor.
	taskset -cp 0 $BASHPID >/dev/null || return
	[[ $clock = 0 ]] || for cpu in 0 1 2 3 4; do
		chrt -i 0 taskset -c $cpu sh -c 'while :; do :; done' &
	done
	figures quiet 2000 || return
	quiet_median=$median quiet_p99=$p99 quiet_pictures=$pictures
	"$built/guest_can" send vcan1 7FF 1 classic >/dev/null && said ivi FLOODING 20 && sleep 1 || return
	before=$(done_by_ivi)
	figures flooded 2000 && flood "$before" "$(done_by_ivi)" && within_a_tenth || return
	if [[ $clock = 1 ]]; then
		# On the cluster's processor, and more urgent.
		place "$ivi" 3 -10 && figures shared 500 || return
		! within_a_tenth >/dev/null ||
			{ echo "FAULT: nothing is to be seen of a flood on the cluster's processor"; return 1; }
	fi
	ctl kill ivi
	figures killed 1000 && within_a_tenth || return
	bench_end
}
