# SPDX-License-Identifier: Apache-2.0
# `dyno vm` without a scenario: kernel, RAM disk, disk and network of the command line. Its console, on
# either port, goes to stdout and takes what is piped in; its exit status is how the guest ended.
files=("$here/guest/net.sh=/net.sh")
limit=90

# listening: the guest waits for a line.
listening() {
	until grep -q LISTENING "$tmp/said" 2>/dev/null || [[ $SECONDS -gt $until ]]; do sleep 0.3; done
}

# on CONSOLE: one guest with its console there.
on() {
	local rc=0 until=$((SECONDS + 40))
	keep
	rm -f "$tmp/said"
	rm -rf "$runs"
	{ listening; echo "good morning"; } | timeout 40 "$DYNO_BIN/dyno" vm --kernel "$out/$kernel/kernel" \
		--initrd "$out/$kernel/initrd.gz" --disk "$tmp/disk,ro" --net user --memory 256M --console "$1" --out "$runs" \
		--append "loglevel=4 panic=-1 ${DYNO_QUIRKS:-} sum=$(md5sum <"$tmp/disk" | cut -d' ' -f1)" \
		>"$tmp/said" 2>"$tmp/log" || rc=$?
	tr -d '\r' <"$tmp/said" >"$tmp/lines"
	echo "== dyno vm --console $1: exit status $rc"
	grep -E '^(OK|FAULT)' "$tmp/lines"
	[[ $rc = 0 ]] && grep -qx DONE "$tmp/lines" && grep -qx "HEARD good morning" "$tmp/lines" &&
		grep -q 'vm: poweroff' "$tmp/log" && ! grep -qE '^FAULT' "$tmp/lines" ||
		{ cat "$tmp/lines" "$tmp/log"; return 1; }
}

inside() {
	dd if=/dev/urandom of="$tmp/disk" bs=1M count=4 status=none
	on serial && on virtio
}
