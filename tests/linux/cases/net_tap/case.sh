# SPDX-License-Identifier: Apache-2.0
# A tap interface that the bench opens: ping from the host, streams and a file both ways.
kernels=(guest)
packages=(iperf3 ethtool iproute2 socat)
programs=(iperf3 ethtool ip socat)
files=("$here/guest/net.sh=/net.sh")
needs=(iperf3 socat ip)
limit=100

inside() {
	ip tuntap add dyno0 mode tap 2>/dev/null ||
		{ echo "skipped: no tap interface (root and the module tun are needed)"; exit 77; }
	ip addr add 10.9.0.1/24 dev dyno0
	ip link set dyno0 up
	iperf3 -s -p 5301 >/dev/null &
	head -c 3000000 /dev/urandom >"$tmp/file"
	socat -U TCP4-LISTEN:5302,reuseaddr,fork "OPEN:$tmp/file,rdonly" &
	socat -u TCP4-LISTEN:5303,reuseaddr "CREATE:$tmp/back" &
	cmdline="sum=$(sha256sum "$tmp/file" | cut -c1-64)"
	bench_start && said linux READY || return
	busybox ping -c 100 -A 10.9.0.2 | tail -2
	echo done | socat -u - TCP4:10.9.0.2:5305
	bench_end || return
	ip link del dyno0
	cmp "$tmp/file" "$tmp/back" || { echo "FAULT: what the guest sent arrived otherwise"; return 1; }
}
