# SPDX-License-Identifier: Apache-2.0
. /net.sh
host=10.0.2.2
ip link set lo up

check offloads offloads tx-checksumming rx-checksumming tcp-segmentation-offload \
	tx-tcp6-segmentation tx-udp-segmentation rx-gro-hw
ip link set eth0 up
check lease lease eth0
check address ip addr show dev eth0 to 10.0.2.15
check ping ping -c 3 -i 0.2 $host
check ping.fragments ping -c 2 -i 0.2 -s 5000 $host
if [ "$(param names)" = yes ]; then
	check name sh -c 'nslookup any.name.example 10.0.2.3 | grep 10.1.2.3'
fi
await 15 sh -c 'ip -6 addr show dev eth0 scope site | grep -v tentative | grep -q fec0'
check ping6 ping6 -c 3 -i 0.2 fec0::2

# Forwards: a server of ours.
echo "tcp of the guest" >/tmp/hello
socat TCP4-LISTEN:22,fork OPEN:/tmp/hello,rdonly &
socat UDP4-LISTEN:23,fork EXEC:cat &
sleep 0.3
ready
await 30 grep -qx 0 /sys/class/net/eth0/carrier && ok link.down
await 30 grep -qx 1 /sys/class/net/eth0/carrier && ok link.up
await 10 ping -c 1 -W 1 $host

stream send -c $host -p 5301 -t 1
stream receive -R -c $host -p 5301 -t 1
check fetched fetched $host
check queues.two sh -c 'ethtool -l eth0 | grep -A9 Current | grep -q "Combined:[[:space:]]*2"'
check queues.less ethtool -L eth0 combined 1
check queues.one sh -c 'ethtool -l eth0 | grep -A9 Current | grep -q "Combined:[[:space:]]*1"'
check fetched.again fetched $host
check queues.more ethtool -L eth0 combined 2
check gro.off ethtool -K eth0 rx-gro-hw off
check fetched.in_packets fetched $host
check send_file socat -u OPEN:/tmp/file TCP4:$host:5303
stream parallel -P 3 -c $host -p 5301 -t 1

ip link set eth0 down
ip addr flush dev eth0
ip link set eth1 up
check restricted.lease lease eth1
nc -w 3 $host 5302 </dev/null >/dev/null 2>&1 && fault "restricted: the host was reached" || ok restricted
