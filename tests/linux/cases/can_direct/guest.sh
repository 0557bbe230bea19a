# SPDX-License-Identifier: Apache-2.0
. /can.sh

check "can0 up" ip link set can0 up txqueuelen 1000
ready

go 01
guest_can send can0 400 100000 classic
receive 02 430 fd

go 03
candump -L -n 1 can0,123:7FF >/tmp/heard &
listener=$!
sleep 0.3
echo LISTENING
wait $listener
grep -q ' 123#C0FFEE' /tmp/heard && ok "the bench is heard" || fault "$(cat /tmp/heard)"

recover 04 456
go 05
ip -details -statistics link show can0
