# SPDX-License-Identifier: Apache-2.0
check "can0 up" ip link set can0 up txqueuelen 1000
ready

# The host listens before.
for flood in "400 classic" "410 fd"; do
	sleep 1
	echo "SENDING ${flood% *}"
	# shellcheck disable=SC2086 # two words
	set -- $flood
	guest_can send can0 "$1" 100000 "$2"
done
ip -details -statistics link show can0
