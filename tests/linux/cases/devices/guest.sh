# SPDX-License-Identifier: Apache-2.0
for e in /sys/class/drm/card0-*; do
	echo "CONNECTOR $(basename "$e") $(cat "$e/status") edid $(wc -c <"$e/edid") bytes"
done
guest_check picture &
guest_check inputs &
sleep 1
ready
# The power button's own key event, as a desktop would see it.
for e in /sys/class/input/event*; do
	grep -q 'Power Button' "$e/device/name" || continue
	dd if="/dev/input/$(basename "$e")" bs=24 count=1 2>/dev/null | wc -c | sed 's/^/BUTTON /'
	break
done
