# SPDX-License-Identifier: Apache-2.0
rtc=/sys/class/rtc/rtc0
nvram=/sys/bus/nvmem/devices/cmos_nvram0/nvmem
if [ "$(dd if=$nvram bs=1 skip=100 count=4 2>/dev/null)" = life ]; then
	echo "SECOND LIFE"
	ready
else
	echo "RTC $(cat $rtc/name) $(cat $rtc/since_epoch)"
	[ "$(dmesg | grep -c 'setting system clock to')" = 1 ] || fault "system time was not set by the clock"
	rang() { sed -n 's/^ *[0-9]*: *\([0-9]*\) .* 8-edge *rtc0$/\1/p' /proc/interrupts; }
	before=$(rang)
	alarmed() { [ "$(rang)" -gt "$before" ]; }
	echo +2 >$rtc/wakealarm
	await 6 alarmed && ok "alarm"
	printf life | dd of=$nvram bs=1 seek=100 conv=notrunc 2>/dev/null
	echo "FIRST LIFE"
	reboot -f
	sleep 60
fi
