# SPDX-License-Identifier: Apache-2.0
# Sockets between guest and host at Linux' own driver: socat both ways, a reader that stops, 9P over
# vsock, and the kernel's vsock_test against the host's side, each as server and as client.
packages=(socat)
programs=(socat)
files=("$out/vsock_test=/bin/vsock_test" "$built/vsock_9p=/bin/vsock_9p")
needs=(socat diod)
limit=150

prepare() {
	local tests
	tests=$("$root/assets/linux/build-kernel-tests") || return
	cp "$tests/vsock_test" "$tests/vsock_test_shared" "$out/"
}

# host_test ROLE ARGS: the kernel's test on the host, over the run's AF_UNIX sockets, without those that
# `skip` names.
host_test() {
	local who name why number args=() tool=$out/vsock_test_shared role=$1
	shift
	while IFS='|' read -r who name why; do
		read -r who <<<"$who"
		read -r name <<<"$name"
		[[ $who = "$role" ]] || continue
		# Its list ends with an exit status of 1.
		number=$({ "$tool" --list || true; } 2>/dev/null | awk -F'\t' -v n="$name" '$2 == n { print $1 }')
		[[ $number ]] || { echo "FAULT no test $name"; return 1; }
		echo "vsock_test, host as $role: without $name: a socket of the host has no$why" >&3
		args+=("--skip=$number")
	done <"$dir/skip"
	VSOCK_UNIX=$runs/linux.vsock VSOCK_CID=3 LD_PRELOAD=$built/vsock_unix.so timeout 100 \
		"$tool" "--mode=$role" --peer-cid=3 "${args[@]}" "$@"
}

inside() {
	local rc=0
	mkdir -p "$tmp/nine"
	echo "from the host" >"$tmp/nine/hello"
	# More than all buffers on the way hold.
	head -c 8M /dev/urandom >"$tmp/data"
	cmdline="tree=$tmp/nine sum=$(sha256sum <"$tmp/data" | cut -c1-64)"
	bench_start || return
	socat "UNIX-LISTEN:$runs/linux.vsock_6000,fork" EXEC:cat &
	socat -u "UNIX-LISTEN:$runs/linux.vsock_6001" \
		"SYSTEM:until test -e $tmp/go; do sleep 0.1; done; sha256sum >$tmp/sum" &
	socat "UNIX-LISTEN:$runs/linux.vsock_564" \
		"EXEC:diod -f -n -c /dev/null -L stderr -r 0 -w 1 -e $tmp/nine" &

	# With the greeting, and at the socket that has none.
	said linux 'LISTENING' || return
	{ printf 'CONNECT 5000\n'; sleep 0.5; echo "to the guest"; } | socat -t 3 - "UNIX-CONNECT:$runs/linux.vsock" >"$tmp/answer"
	grep -q '^OK ' "$tmp/answer" && grep -q 'to the guest' "$tmp/answer" || { cat "$tmp/answer"; return 1; }
	echo "without a word" | socat -t 3 - "UNIX-CONNECT:$runs/shell.sock" | grep -q 'without a word' || return
	# The guest does not read this one yet.
	timeout 60 socat -u "$tmp/data" "UNIX-CONNECT:$runs/slow.sock" &
	said linux 'RESUME' || return
	touch "$tmp/go"

	said linux 'TEST client' || return
	host_test server --control-port=5300 3>&1 >"$tmp/server" 2>&1 || rc=$?
	said linux 'TEST server' || return
	host_test client --control-host=127.0.0.1 --control-port=5301 3>&1 >"$tmp/client" 2>&1 || rc=$?
	bench_end || rc=1
	cp "$tmp/server" "$tmp/client" "$out/$kernel/"
	echo "vsock_test on the host: server $(grep -c '\.\.\.ok' "$tmp/server") ok, client $(grep -c '\.\.\.ok' "$tmp/client") ok"
	[[ $rc = 0 ]] || tail -n 4 "$tmp/server" "$tmp/client"
	grep "$(sed -n 's/.*sum of the guest //p' "$runs/linux.log" | head -1)" "$tmp/sum" ||
		{ echo "FAULT what the slow reader got is not what the guest sent"; return 1; }
	grep -qx 'from the guest' "$tmp/nine/made" || { echo "FAULT what the guest wrote over 9P is not here"; return 1; }
	return $rc
}
