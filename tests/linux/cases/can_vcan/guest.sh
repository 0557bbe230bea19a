# SPDX-License-Identifier: Apache-2.0
# go PHASE: waits for the host's frame 7FF#PHASE.
go() {
	candump -n 1 can0,7FF:7FF >/dev/null &
	waiter=$!
	sleep 0.3
	echo "WAITING $1"
	wait $waiter
}

check "can0 up" ip link set can0 up txqueuelen 1000
ip -details link show can0
ready

go 01
check "classic" cangen can0 -I 101 -L 8 -D i -n 200 -g 1
check "FD" cangen can0 -I 201 -f -b -L 48 -D i -n 200 -g 1
check "remote frames" cangen can0 -I 102 -R -L 4 -n 20 -g 1
echo "PHASE 01 over"

go 02
candump -L -n 420 can0,300:7F0 >/tmp/heard &
listener=$!
sleep 0.3
echo LISTENING
wait $listener
[ "$(grep -cE ' 301#([0-9A-F]{16})$' /tmp/heard)" = 200 ] && ok "200 classic" || fault "classic frames"
[ "$(grep -cE ' 302##[0-9A-F]' /tmp/heard)" = 200 ] && ok "200 FD" || fault "FD frames"
[ "$(grep -cE ' 303#R' /tmp/heard)" = 20 ] && ok "20 remote" || fault "remote frames"

go 03
canfdtest can0 &
dut=$!
sleep 0.3
echo "canfdtest is there"

go 04
kill $dut
check "cansequence" cansequence -p --loop=5000 can0
echo "PHASE 04 over"

go 05
guest_can send can0 400 50000 classic
guest_can send can0 410 50000 fd
echo "PHASE 05 over"

go 06
guest_can receive can0 420 50000 classic >/tmp/classic &
a=$!
guest_can receive can0 430 50000 fd >/tmp/fd &
b=$!
sleep 0.5
echo "LISTENING twice"
wait $a
wait $b
cat /tmp/classic /tmp/fd
echo "PHASE 06 over"

go 07
guest_can echo can0 440 1000 classic >/dev/null &
a=$!
sleep 0.3
echo "echo is there"
wait $a
ip -s link show can0
