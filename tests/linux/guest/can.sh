# SPDX-License-Identifier: Apache-2.0
# Words of the cases with a controller can0: their guest.sh reads this file first, and their case.sh
# puts it into the guest as /can.sh.

# go PHASE: waits for the host's frame 7FF#PHASE.
go() {
	candump -n 1 can0,7FF:7FF >/dev/null &
	waiter=$!
	sleep 0.3
	echo "WAITING $1"
	wait $waiter
}

# state STATE: the controller is in it.
state() { ip -details link show can0 | grep -q "state $1"; }

# restart: out of bus-off by hand.
restart() {
	check "restart" ip link set can0 type can restart
	await 5 state ERROR-ACTIVE && ok "error-active again"
}

# recover PHASE ID: the host has the controller go bus-off; after a restart by hand 20 frames leave.
recover() {
	go "$1"
	echo "restart by hand"
	await 20 state BUS-OFF && ok "bus-off seen"
	restart
	check "sends again" cangen can0 -I "$2" -L 8 -D i -n 20 -g 1
	sleep 0.5
}
