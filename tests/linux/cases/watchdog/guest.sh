# SPDX-License-Identifier: Apache-2.0
w=/sys/class/watchdog/watchdog0
echo "WATCHDOG $(cat $w/identity), $(cat $w/timeout) s"
# 32: it reset the machine.
if [ "$(cat $w/bootstatus)" = 32 ]; then
	echo "BOOT STATUS 32"
	ready
else
	exec 3>/dev/watchdog
	echo >&3
	echo "HANGING"
	sleep 100
	fault "the watchdog did not fire"
fi
