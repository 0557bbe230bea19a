# SPDX-License-Identifier: Apache-2.0
# Words of the cases with a network: their guest.sh reads this file first, and their case.sh puts it
# into the guest as /net.sh.

# stream NAME WORDS...: an iperf3 with these words, and its figure; rate: the last one's bits per second.
stream() {
	what=$1
	shift
	check "stream.$what" sh -c "iperf3 -J $* >/tmp/iperf.json || { tail -5 /tmp/iperf.json; exit 1; }"
	echo "FIGURE $what $(rate) bit/s"
}
rate() { sed -n 's/.*"bits_per_second":[[:space:]]*\([0-9]*\).*/\1/p' /tmp/iperf.json | tail -n 1; }

# offloads NAME...: eth0 has these, which are the driver's own default.
offloads() {
	ethtool -k eth0 >/tmp/k
	for f in "$@"; do
		grep -q "$f: on" /tmp/k || { echo "$f"; cat /tmp/k; return 1; }
	done
}

# fetched ADDRESS: the host's file there comes whole, as the command line's sum says.
fetched() { socat -u "TCP4:$1:5302" CREATE:/tmp/file && echo "$(param sum)  /tmp/file" | sha256sum -c; }

# lease INTERFACE: an address, a route and a name server by DHCP.
lease() { udhcpc -i "$1" -n -q -t 5 -s /tmp/lease; }
cat >/tmp/lease <<'L'
#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add "$ip/24" dev "$interface"
[ -z "$router" ] || ip route add default via "$router" dev "$interface"
echo "nameserver $dns" >/etc/resolv.conf
L
chmod +x /tmp/lease
