# SPDX-License-Identifier: Apache-2.0
# What the cases of the Linux tests have at hand, on the machine with the KVM. Sourced by run.
#   $kernel    the flavour    $folder  the kernel's folder     $tmp   a folder in RAM, gone afterwards
#   $dir       the case's     $out     where results are kept  $runs  results of the run that goes on
#   $built     folder of the tests' own programs (guest_check, guest_can)

# one_case: inside() of the loaded case, on $kernel.
one_case() {
	# Not in /tmp, which may lie on an overlay: diod takes each file there for a mount.
	tmp=$(mktemp -d -p /dev/shm)
	runs=$tmp/out
	folder=$out/$kernel/folder
	trap clean_up EXIT
	inside
}

clean_up() {
	local left
	left=$(jobs -p)
	# What the case started in the background and did not end.
	# shellcheck disable=SC2086 # several numbers
	[[ -z $left ]] || kill $left 2>/dev/null || true
	keep
	rm -rf "$tmp"
}

# keep: what the run wrote goes where it outlives the test host.
keep() {
	[[ -d $runs ]] || return 0
	mkdir -p "$out/$kernel"
	cp "$tmp/log" "$runs"/*.{log,png,xml,json} "$out/$kernel/" 2>/dev/null || true
}

# bench_start [NAME=VALUE...]: the case's scenario begins; returns when its control socket is there.
# In it are ${KERNEL}, ${INITRD}, ${CMDLINE}, ${TMP}, ${LIMIT} (the case's, `60s`), and what is given.
bench_start() {
	local s args=()
	keep
	rm -rf "$runs"
	for s in "$@"; do args+=(--set "$s"); done
	export KERNEL=$out/$kernel/kernel INITRD=$out/$kernel/initrd.gz LIMIT=${limit}s TMP=$tmp
	export CMDLINE="console=ttyS0 loglevel=4 panic=-1 ${DYNO_QUIRKS:-} $cmdline"
	echo "== $kernel: $name $*"
	"$DYNO_BIN/dyno" run "$dir/${scenario:-scenario.yaml}" --headless --out "$runs" "${args[@]}" \
		>"$tmp/log" 2>&1 &
	bench=$!
	until [[ -S $runs/control.sock ]]; do
		kill -0 $bench 2>/dev/null || { cat "$tmp/log"; return 1; }
		sleep 0.2
	done
}

# ctl WORDS...: dyno ctl to the run.
ctl() { "$DYNO_BIN/dyno" ctl -S "$runs/control.sock" "$@"; }

# crashed: one of the case's guests did; the others may wait for it as long as they are let.
crashed() {
	local IFS='|'
	grep -qE "^ *[0-9.]+  guest (${guests[*]}): " "$tmp/log"
}

# said GUEST REGEX [SECONDS]: waits until a console line of the guest matches.
said() {
	local end=$((SECONDS + ${3:-$limit}))
	until grep -qE "^ *[0-9.]+ [a-z0-9]+: .*($2)" "$runs/$1.log" 2>/dev/null; do
		kill -0 $bench 2>/dev/null && [[ $SECONDS -lt $end ]] && ! crashed ||
			{ echo "$1 did not say $2"; return 1; }
		sleep 0.3
	done
}

# bench_end [stop]: waits for the run's end, which comes when all guests are off (with `stop`, now).
# Fails when a check did, or when a guest said FAULT, or ended without DONE.
bench_end() {
	local g rc=0
	if [[ ${1:-} != stop && $kernel != none ]]; then
		# Servers of its disks and folders start before the guest does.
		g=$((SECONDS + 20))
		until pgrep -P $bench -x dyno-vm >/dev/null || ! kill -0 $bench 2>/dev/null || [[ $SECONDS -gt $g ]]; do
			sleep 0.1
		done
		while kill -0 $bench 2>/dev/null; do
			pgrep -P $bench -x dyno-vm >/dev/null && ! crashed || break
			sleep 0.3
		done
	fi
	[[ $kernel = none && ${1:-} != stop ]] || ctl stop >/dev/null 2>&1 || true
	wait $bench || rc=$?
	sed -n '/^VERDICT/,$p' "$tmp/log" | grep . || cat "$tmp/log"
	[[ $kernel != none ]] || return $rc
	for g in "${guests[@]}"; do
		grep -E 'serial: (OK|FAULT|FIGURE|.*Kernel panic)' "$runs/$g.log" | sed "s/^/$g /" || true
		! grep -qE 'serial: (FAULT|.*Kernel panic)' "$runs/$g.log" || rc=1
		[[ ${1:-} = stop ]] || grep -q 'serial: DONE' "$runs/$g.log" || rc=1
		[[ $rc = 0 ]] || grep -vE 'serial: \[' "$runs/$g.log" | tail -40 || true
	done
	return $rc
}

# quiet_kernels: no kernel wrote one of guest/kernel_faults to its console. For guests that are
# not started by guest/init, which looks into dmesg; with `loglevel=5` for warnings to be there.
quiet_kernels() {
	local g
	for g in "${guests[@]}"; do
		# Before a line of the kernel's may stand what a program left there, colours for example.
		sed -n 's/^ *[0-9.]* [a-z0-9]*: .*\(\[ *[0-9]*\.[0-9]*\] .*\)/\1/p' "$runs/$g.log" >"$tmp/kernel"
		echo "$g's kernel wrote $(wc -l <"$tmp/kernel") lines to its console"
		! grep -E -f "$here/guest/kernel_faults" "$tmp/kernel" | sed "s/^/FAULT $g: /" | grep . || return
	done
}

# bench [NAME=VALUE...]: the whole scenario.
bench() { bench_start "$@" && bench_end; }

# vcan NAME...: these interfaces are there and up. Skips the case where they cannot be.
vcan() {
	local i
	for i in "$@"; do
		ip link add "$i" type vcan 2>/dev/null || ip link show "$i" >/dev/null 2>&1 ||
			{ echo "skipped: no $i (root and the module vcan are needed)"; exit 77; }
		ip link set "$i" mtu 72 up
	done
}

# heard INTERFACE ID COMMAND...: a frame with this identifier comes because of the command, within
# $patience seconds (3). It is in $tmp/one.
heard() {
	local from=$1,$2:7FF pid rc=0
	shift 2
	candump -L -n 1 -T "${patience:-3}000" "$from" >"$tmp/one" &
	pid=$!
	sleep 0.3
	"$@" && wait $pid || rc=$?
	cat "$tmp/one"
	[[ $rc = 0 && -s $tmp/one ]]
}
