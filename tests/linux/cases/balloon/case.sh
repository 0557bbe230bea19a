# SPDX-License-Identifier: Apache-2.0
# Linux' balloon: it shrinks and grows the guest as the bench asks, tells its statistics, and reports
# pages that it does not use, which leave the bench's memory.
limit=120

# resident: KiB of dyno-vm that the host holds, nearly all of them the guest's memory.
resident() { awk '/^Rss(Anon|Shmem)/ { kib += $2 } END { print kib }' "/proc/$(pgrep -P $bench -x dyno-vm)/status"; }

# below KIB SECONDS WHAT
below() {
	local end=$((SECONDS + $2))
	until [[ $(resident) -lt $1 ]]; do
		[[ $SECONDS -lt $end ]] || { echo "FAULT $3: $(resident) KiB are resident, not below $1"; return 1; }
		sleep 0.5
	done
	echo "OK $3: $(resident) KiB"
}

inside() {
	local before total
	bench_start || return
	# It has filled 100 MiB, and freed them: reporting gives them back.
	said linux 'FILLED' 80 || return
	before=$(resident)
	[[ $before -gt 120000 ]] || { echo "FAULT only $before KiB are resident"; return 1; }
	ctl type linux go
	said linux 'FREED' 10 && below $((before - 70000)) 20 "free pages were reported" || return
	ctl -j balloon linux >"$tmp/figures" || return
	# 400 MiB without what the kernel keeps for itself.
	total=$(sed -n 's/.*"total_bytes":\([0-9]*\).*/\1/p' "$tmp/figures")
	[[ $total -gt 350000000 && $total -lt 420000000 ]] && grep -q '"available_bytes":[1-9]' "$tmp/figures" ||
		{ echo "FAULT statistics"; cat "$tmp/figures"; return 1; }
	ctl balloon linux 160M && said linux 'SMALL' 20 || return
	below 170000 10 "the balloon was inflated" || return
	ctl balloon linux 400M && said linux 'LARGE' 20 && bench_end
}
