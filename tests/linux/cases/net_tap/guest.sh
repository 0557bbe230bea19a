# SPDX-License-Identifier: Apache-2.0
ip link set lo up
ip link set eth0 up
ip addr add 10.9.0.2/24 dev eth0
check offloads sh -c 'ethtool -k eth0 >/tmp/k; for f in tx-checksumming rx-checksumming tcp-segmentation-offload \
	tx-tcp6-segmentation; do grep -q "$f: on" /tmp/k || { echo $f; cat /tmp/k; exit 1; }; done'
socat -u TCP4-LISTEN:5305 CREATE:/tmp/bye &
await 10 ping -c 1 -W 1 10.9.0.1
ready
await 30 test -s /tmp/bye

rate() { sed -n 's/.*"bits_per_second":[[:space:]]*\([0-9]*\).*/\1/p' /tmp/iperf.json | tail -n 1; }
stream() {
	what=$1
	shift
	check "stream.$what" sh -c "iperf3 -J $* >/tmp/iperf.json || { tail -5 /tmp/iperf.json; exit 1; }"
	echo "FIGURE $what $(rate) bit/s"
}
stream tap_send -c 10.9.0.1 -p 5301 -t 1
stream tap_receive -R -c 10.9.0.1 -p 5301 -t 1
fetched() { socat -u TCP4:10.9.0.1:5302 CREATE:/tmp/file && echo "$(param sum)  /tmp/file" | sha256sum -c; }
check fetched fetched
check segments.off ethtool -K eth0 rx-gro-hw off tso off
check fetched.in_packets fetched
check send_file socat -u OPEN:/tmp/file TCP4:10.9.0.1:5303
