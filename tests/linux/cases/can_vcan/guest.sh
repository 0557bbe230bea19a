# SPDX-License-Identifier: Apache-2.0
. /can.sh
# cansequence has no room of its own to ask for.
echo 8000000 >/proc/sys/net/core/rmem_default

# counted FILE COUNT REGEX NAME: so many lines are there.
counted() {
	n=$(grep -cE "$3" "$1")
	[ "$n" = "$2" ] && ok "$4" || fault "$4: $n of $2"
}

check "can0 up" ip link set can0 up txqueuelen 1000
ip -details link show can0
ready

go 01
check "classic" cangen can0 -I 101 -L 8 -D i -n 200 -g 1
check "FD" cangen can0 -I 201 -f -b -L 48 -D i -n 200 -g 1
check "remote frames" cangen can0 -I 102 -R -L 4 -n 20 -g 1
check "extended identifiers" cangen can0 -e -I 18DAF110 -L 8 -D i -n 20 -g 1
# Others in the guest hear its frames once, by the kernel's loopback, and not at all without that.
candump -L can0,110:7FC >/tmp/own &
listener=$!
sleep 0.3
check "with loopback" cangen can0 -I 110 -L 8 -D i -n 50 -g 1
check "without loopback" cangen can0 -x -I 111 -L 8 -D i -n 50 -g 1
cansend can0 112#
await 20 grep -q ' 112#' /tmp/own
sleep 0.5
kill $listener
counted /tmp/own 50 ' 110#' "loopback"
counted /tmp/own 0 ' 111#' "the guest does not hear its own frames"
echo "PHASE 01 over"

go 02
timeout 60 candump -L -n 440 can0,300:1FFFFFF0 >/tmp/heard &
listener=$!
sleep 0.3
echo "hears the host"
wait $listener
counted /tmp/heard 200 ' 301#([0-9A-F]{16})$' "200 classic"
counted /tmp/heard 200 ' 302##[0-9A-F]([0-9A-F]{96})$' "200 FD"
counted /tmp/heard 20 ' 303#R' "20 remote"
counted /tmp/heard 20 ' 00000304#' "20 with extended identifiers"

# canfdtest with 50 frames on their way: the host asks, then the guest.
go 03
canfdtest can0 >/tmp/dut 2>&1 &
dut=$!
sleep 0.3
echo "canfdtest is there"
go 04
kill $dut
check "canfdtest" timeout 60 canfdtest -g -l 500 can0
check "FD there and back" guest_can exchange can0 450 2000 fd 50
guest_can echo can0 460 2000 fd

# Byte sequence numbers, both ways.
go 05
check "cansequence" cansequence -p --loop=5000 can0
echo "PHASE 05 over"
go 06
cansequence can0 -r --quit=1 >/tmp/sequence 2>&1 &
listener=$!
timeout 60 candump -r 8000000 -L -n 5000 can0,2:7FF >/tmp/heard &
all=$!
sleep 0.3
echo "cansequence is there"
wait $all
sleep 0.5
# It is there still, and has not complained: it does when it is killed.
[ ! -s /tmp/sequence ] && kill $listener && ok "sequence" || fault "sequence: $(cat /tmp/sequence)"
counted /tmp/heard 5000 ' 002#' "5000 in sequence"

recover 07 30C
echo "PHASE 07 over"

ip link set can0 down
check "restart-ms" ip link set can0 type can restart-ms 2000
ip link set can0 up
go 08
candump -L can0,0:0,#FFFFFFFF >/tmp/errors &
listener=$!
sleep 0.3
echo "restart by itself"
await 20 state BUS-OFF && ok "bus-off seen"
await 20 state ERROR-ACTIVE && ok "error-active by itself"
sleep 0.3
kill $listener
cat /tmp/errors
counted /tmp/errors 1 ' 20000040#' "an error frame tells of bus-off"
counted /tmp/errors 1 ' 20000100#' "an error frame tells of the restart"
check "sends again" cangen can0 -I 30D -L 8 -D i -n 20 -g 1
sleep 0.5
ip -details -statistics link show can0
