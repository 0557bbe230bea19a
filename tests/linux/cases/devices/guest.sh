# SPDX-License-Identifier: Apache-2.0
for e in /sys/class/drm/card0-*; do
	echo "CONNECTOR $(basename "$e") $(cat "$e/status") edid $(wc -c <"$e/edid") bytes"
done
guest_check picture &
guest_check inputs &
sleep 1
ready
button
