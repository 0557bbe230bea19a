# SPDX-License-Identifier: Apache-2.0
. /can.sh
me=$(param me)
# cansequence has no room of its own to ask for.
echo 8000000 >/proc/sys/net/core/rmem_default

# heard N: that many frames within 5 s. Whatever ends candump, its exit status is 0.
heard() { [ "$(timeout 5 candump -n "$1" can0 | wc -l)" = "$1" ]; }

check "can0 up" ip link set can0 up txqueuelen 1000
if [ "$me" = a ]; then
	check "kselftest net/can test_raw_filter" env CANIF=can0 test_raw_filter
	tail -n 3 /tmp/check.log
fi
ready

# Both send and both receive, at the same time.
if [ "$me" = a ]; then mine=400 other=410 kind=classic other_kind=fd; else mine=410 other=400 kind=fd other_kind=classic; fi
guest_can receive can0 $other 10000 $other_kind >/tmp/received &
listener=$!
go 01
guest_can send can0 $mine 10000 $kind 32 4000
wait $listener
cat /tmp/received

if [ "$me" = a ]; then canfdtest can0 & else sleep 1; fi
dut=$!
go 02
if [ "$me" = b ]; then check "canfdtest" timeout 30 canfdtest -g -l 100 can0; fi

if [ "$me" = b ]; then
	cansequence can0 -r --quit=1 >/tmp/sequence 2>&1 &
	listener=$!
fi
go 03
if [ "$me" = a ]; then
	kill $dut 2>/dev/null
	check "cansequence" cansequence can0 -p --loop=5000
	sleep 0.5
	cansend can0 7FE#
else
	candump -n 1 can0,7FE:7FF >/dev/null
	[ ! -s /tmp/sequence ] && kill $listener 2>/dev/null && ok "sequence" || fault "$(cat /tmp/sequence)"
	echo "PHASE 03 over"
fi

# a's controller stops and starts while b floods the bus; then it goes bus-off.
go 04
if [ "$me" = b ]; then
	cangen can0 -g 1 -I 300 -n 1000000 -p 10 &
	flood=$!
else
	for i in 1 2 3 4 5 6 7 8 9 10; do
		ip link set can0 down
		ip link set can0 up
		heard 5 || fault "deaf after start number $i"
	done
	ok "ten starts on a busy bus"
	echo FLOODED
	await 20 state BUS-OFF && ok "bus-off seen"
	sleep 0.3
	[ -z "$(timeout 1 candump -n 1 can0)" ] && ok "deaf in bus-off" || fault "hears in bus-off"
	restart
	check "hears again" heard 5
	check "sends again" cangen can0 -I 301 -L 8 -D i -n 20 -g 1
	ip -details -statistics link show can0
fi
go 05
[ "$me" = a ] || kill $flood
# Its cable's other end goes with the guest: what is still on its way is lost, and said so.
ip link set can0 down
