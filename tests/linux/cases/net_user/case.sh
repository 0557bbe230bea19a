# SPDX-License-Identifier: Apache-2.0
# The gateway: addresses, names, both protocols, forwards, streams both ways, and what is restricted.
kernels=(guest)
packages=(iperf3 ethtool iproute2 socat)
programs=(iperf3 ethtool ip socat)
files=("$here/guest/net.sh=/net.sh")
needs=(iperf3 socat python3 ip)
limit=150

# names: a name server that knows one address for every name. $tmp/names is there when it listens.
names() {
	python3 - "$tmp/names" <<-'P'
		import socket, sys
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("127.0.0.1", 53))
		open(sys.argv[1], "w").close()
		while True:
		    q, peer = s.recvfrom(512)
		    end = q.index(0, 12) + 5
		    v4 = q[end - 4:end - 2] == b"\0\1"
		    a = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x01\x02\x03" if v4 else b""
		    s.sendto(q[:2] + b"\x81\x80\0\1\0" + bytes([v4]) + b"\0\0\0\0" + q[12:end] + a, peer)
	P
}

inside() {
	local word=''
	ip link set lo up
	# Another name server only where nobody else misses his.
	if [[ -n ${DYNO_QUIRKS:-} ]]; then
		echo "nameserver 127.0.0.1" >"$tmp/resolv.conf"
		mount --bind "$tmp/resolv.conf" /etc/resolv.conf
		names &
		# On a host that has just been started Python takes seconds.
		until [[ -e $tmp/names ]] || ! kill -0 $! 2>/dev/null; do sleep 0.1; done
		word=names=yes
	fi
	iperf3 -s -p 5301 >/dev/null &
	head -c 3000000 /dev/urandom >"$tmp/file"
	socat -U TCP4-LISTEN:5302,reuseaddr,fork "OPEN:$tmp/file,rdonly" &
	socat -u TCP4-LISTEN:5303,reuseaddr "CREATE:$tmp/back" &
	cmdline="sum=$(sha256sum "$tmp/file" | cut -c1-64) $word"
	bench_start && said linux 'READY' || return
	[[ $(socat -t5 - TCP4:127.0.0.1:5322 </dev/null) = "tcp of the guest" ]] ||
		{ echo "FAULT: no forwarded connection"; return 1; }
	[[ $(echo ping | socat -t5 - UDP4:127.0.0.1:5323) = ping ]] ||
		{ echo "FAULT: no forwarded datagram"; return 1; }
	ctl link linux down user && said linux 'OK link.down' && ctl link linux up user || return
	bench_end || return
	cmp "$tmp/file" "$tmp/back" || { echo "FAULT: what the guest sent arrived otherwise"; return 1; }
}
