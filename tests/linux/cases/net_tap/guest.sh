# SPDX-License-Identifier: Apache-2.0
. /net.sh
ip link set lo up
ip link set eth0 up
ip addr add 10.9.0.2/24 dev eth0
check offloads offloads tx-checksumming rx-checksumming tcp-segmentation-offload \
	tx-tcp6-segmentation
socat -u TCP4-LISTEN:5305 CREATE:/tmp/bye &
await 10 ping -c 1 -W 1 10.9.0.1
ready
await 30 test -s /tmp/bye

stream tap_send -c 10.9.0.1 -p 5301 -t 1
stream tap_receive -R -c 10.9.0.1 -p 5301 -t 1
check fetched fetched 10.9.0.1
check segments.off ethtool -K eth0 rx-gro-hw off tso off
check fetched.in_packets fetched 10.9.0.1
check send_file socat -u OPEN:/tmp/file TCP4:10.9.0.1:5303
