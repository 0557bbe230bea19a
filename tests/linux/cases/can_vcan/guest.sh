# SPDX-License-Identifier: Apache-2.0
. /can.sh

echo 8000000 >/proc/sys/net/core/rmem_default
check "can0 up" ip link set can0 up txqueuelen 1000
ip -details link show can0
ready

go 01
check "classic" cangen can0 -I 101 -L 8 -D i -n 200 -g 1
check "FD" cangen can0 -I 201 -f -b -L 48 -D i -n 200 -g 1
check "remote frames" cangen can0 -I 102 -R -L 4 -n 20 -g 1
# Others in the guest hear its frames once, by the kernel's loopback, and not at all without that.
candump -L can0,110:7FE >/tmp/own &
listener=$!
sleep 0.3
cangen can0 -I 110 -L 8 -D i -n 50 -g 1
cangen can0 -x -I 111 -L 8 -D i -n 50 -g 1
sleep 0.5
kill $listener
[ "$(grep -c ' 110#' /tmp/own)" = 50 ] && ok "loopback" || fault "heard $(grep -c ' 110#' /tmp/own) of 50"
[ "$(grep -c ' 111#' /tmp/own)" = 0 ] && ok "no loopback" || fault "the guest hears its own frames"
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

go 05
kill $dut
check "cansequence" cansequence -p --loop=5000 can0
echo "PHASE 05 over"

go 06
cansequence can0 -r --quit=1 >/tmp/sequence 2>&1 &
listener=$!
candump -n 1 can0,7FE:7FF >/dev/null &
waiter=$!
sleep 0.3
echo "cansequence is there"
wait $waiter
kill $listener && [ ! -s /tmp/sequence ] && ok "sequence" || fault "$(cat /tmp/sequence)"
echo "PHASE 06 over"

go 07
guest_can send can0 400 100000 classic
echo "PHASE 07 over"
go 08
guest_can send can0 410 100000 fd
echo "PHASE 08 over"

receive 09 420 classic
receive 0A 430 fd

go 0B
guest_can echo can0 440 300 classic >/dev/null &
a=$!
sleep 0.3
echo "echo is there"
wait $a

recover 0C 30C
echo "PHASE 0C over"

ip link set can0 down
check "restart-ms" ip link set can0 type can restart-ms 3000
ip link set can0 up
go 0D
candump -L -e can0,0:0,#FFFFFFFF >/tmp/errors &
listener=$!
sleep 0.3
echo "restart by itself"
await 20 state BUS-OFF && ok "bus-off seen"
await 20 state ERROR-ACTIVE && ok "error-active by itself"
kill $listener
cat /tmp/errors
check "sends again" cangen can0 -I 30D -L 8 -D i -n 20 -g 1
sleep 0.5
echo "PHASE 0D over"
go 0E
ip -details -statistics link show can0
