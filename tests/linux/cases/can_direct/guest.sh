# SPDX-License-Identifier: Apache-2.0
. /can.sh

check "can0 up" ip link set can0 up txqueuelen 1000
ready

# The host says when, by a frame 401.
guest_can receive can0 401 1 classic
guest_can send can0 400 100000 classic
guest_can receive can0 430 100000 fd

go 03
candump -L -n 1 can0,123:7FF >/tmp/heard &
listener=$!
sleep 0.3
echo "hears the bench"
wait $listener
grep -q ' 123#C0FFEE' /tmp/heard && ok "the bench is heard" || fault "$(cat /tmp/heard)"

recover 04 456
go 05
ip -details -statistics link show can0
