# SPDX-License-Identifier: Apache-2.0
. /net.sh
# eth0: the network, as a trunk. eth1: a line of 20 Mbit/s and 5 ms.
role=$(param role)
[ $role = server ] && me=1 || me=2
ip link set lo up
ip link set eth0 up
ip addr add 10.5.0.$me/24 dev eth0
ip -6 addr add fd05::$me/64 dev eth0 nodad
ip link set eth1 up
ip addr add 10.6.0.$me/24 dev eth1
ip link add link eth0 name eth0.7 type vlan id 7
ip link set eth0.7 up
ip addr add 10.7.0.$me/24 dev eth0.7

if [ $role = server ]; then
	iperf3 -s >/dev/null 2>&1 &
	head -c 3000000 /dev/urandom >/tmp/file
	socat -U TCP6-LISTEN:5302,fork,reuseaddr OPEN:/tmp/file,rdonly &
	socat -u TCP6-LISTEN:5303,fork,reuseaddr SYSTEM:'sha256sum | cut -c1-64 >/tmp/sum.new; mv /tmp/sum.new /tmp/sum' &
	socat -U TCP6-LISTEN:5304,fork,reuseaddr SYSTEM:'cat /tmp/sum; rm -f /tmp/sum' &
	socat -u TCP6-LISTEN:5306,fork,reuseaddr OPEN:/dev/null &
	ready
	# The client says when it is done.
	check client socat -u TCP4-LISTEN:5305 CREATE:/tmp/bye
else
	ready
	await 60 socat -u OPEN:/dev/null TCP4:10.5.0.1:5306
	# both ADDRESS: the server's file here, and back again.
	both() {
		socat -u "TCP:$1:5302" CREATE:/tmp/file || return
		mine=$(sha256sum </tmp/file | cut -c1-64)
		socat -u OPEN:/tmp/file "TCP:$1:5303" || return
		for i in 1 2 3 4 5 6 7 8 9 10; do
			theirs=$(socat -u "TCP:$1:5304" - 2>/dev/null)
			[ -n "$theirs" ] && break
			sleep 0.2
		done
		echo "$mine $theirs"
		[ "$mine" = "$theirs" ] && [ "$(stat -c %s /tmp/file)" = 3000000 ]
	}
	check files both 10.5.0.1
	check files.ipv6 both '[fd05::1]'
	check files.vlan both 10.7.0.1
	stream switch_send -c 10.5.0.1 -t 1
	stream switch_receive -R -c 10.5.0.1 -t 1
	stream datagrams -u -b 20M -l 1400 -c 10.5.0.1 -t 1
	check segments.off ethtool -K eth0 rx-gro-hw off
	check files.cut both 10.5.0.1
	check files.cut6 both '[fd05::1]'
	check files.cut_vlan both 10.7.0.1
	check offloads.off ethtool -K eth0 tso off tx off
	check files.packets both 10.5.0.1
	stream slow -c 10.6.0.1 -t 2
	[ "$(rate)" -lt 20000000 ] && [ "$(rate)" -gt 5000000 ] && ok slow.rate || fault "slow: $(rate) bit/s"
	ping -c 5 -i 0.2 10.6.0.1 | sed -n 's/.*min.* = \([0-9]*\).*/\1/p' >/tmp/ms
	# There and back, two lines each way.
	[ "$(cat /tmp/ms)" -ge 20 ] && ok slow.delay || fault "slow: $(cat /tmp/ms) ms"
	check bye sh -c 'echo bye | socat -u - TCP4:10.5.0.1:5305'
fi
