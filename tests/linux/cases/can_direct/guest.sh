# SPDX-License-Identifier: Apache-2.0
# go PHASE: waits for the host's frame 7FF#PHASE.
go() {
	candump -n 1 can0,7FF:7FF >/dev/null &
	waiter=$!
	sleep 0.3
	echo "WAITING $1"
	wait $waiter
}
state() { ip -details link show can0 | grep -q "state $1"; }

check "can0 up" ip link set can0 up txqueuelen 1000
ready

go 01
guest_can send can0 400 100000 classic
go 02
guest_can receive can0 430 100000 fd >/tmp/received &
listener=$!
sleep 0.5
echo "LISTENING 430"
wait $listener
cat /tmp/received
echo "PHASE 02 over"

go 03
candump -L -n 1 can0,123:7FF >/tmp/heard &
listener=$!
sleep 0.3
echo LISTENING
wait $listener
grep -q ' 123#C0FFEE' /tmp/heard && ok "the bench is heard" || fault "$(cat /tmp/heard)"

go 04
echo "restart by hand"
await 20 state BUS-OFF && ok "bus-off seen"
check "restart" ip link set can0 type can restart
await 5 state ERROR-ACTIVE && ok "error-active again"
check "sends again" cangen can0 -I 456 -L 8 -D i -n 20 -g 1
sleep 0.5
go 05
ip -details -statistics link show can0
