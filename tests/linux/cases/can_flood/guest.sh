# SPDX-License-Identifier: Apache-2.0
# flood ID KIND: sends when the host says so.
flood() {
	guest_can receive can0 7FF 1 classic >/tmp/go &
	waiter=$!
	await 20 grep -q LISTENING /tmp/go && echo "WAITING $1"
	wait $waiter
	guest_can send can0 "$1" 100000 "$2"
}

check "can0 up" ip link set can0 up txqueuelen 1000
ready
flood 400 classic
flood 410 fd
ip -details -statistics link show can0
