# SPDX-License-Identifier: Apache-2.0
# flood ID GO KIND: sends when the host says so, by a frame GO.
flood() {
	guest_can receive can0 "$2" 1 classic
	guest_can send can0 "$1" 100000 "$3"
}

check "can0 up" ip link set can0 up txqueuelen 1000
ready
flood 400 401 classic
flood 410 411 fd
guest_can receive can0 420 100000 classic
guest_can receive can0 430 100000 fd
ip -details -statistics link show can0
