# SPDX-License-Identifier: Apache-2.0
. /can.sh

# hear_bench: the bench sends 123#C0FFEE when this waits for it.
hear_bench() {
	candump -L -n 1 can0,123:7FF >/tmp/heard &
	listener=$!
	sleep 0.3
	echo "hears the bench"
	wait $listener
	grep -q ' 123#C0FFEE' /tmp/heard && ok "the bench is heard" || fault "$(cat /tmp/heard)"
}

check "can0 up" ip link set can0 up txqueuelen 1000
ready

if [ "$(param part all)" = unheard ]; then
	hear_bench
	check "sends" cansend can0 456#01
else
	# The host says when, by a frame 401.
	guest_can receive can0 401 1 classic
	guest_can send can0 400 100000 classic
	guest_can receive can0 430 100000 fd

	go 03
	hear_bench
	recover 04 456
fi
go 05
ip -details -statistics link show can0
