# SPDX-License-Identifier: Apache-2.0
# The CMOS clock: it shows the host's time, sets the system's at boot, its alarm interrupts, its memory
# outlives a reset; and `reboot` starts the machine again.
kernels=(generic)
modules=(virtio_pci virtio_console)
limit=90

inside() {
	local from to shown
	from=$(date +%s)
	bench || return
	to=$(date +%s)
	grep -q 'serial: FIRST LIFE' "$runs/linux.log" || return
	shown=$(sed -n 's/.*serial: RTC rtc_cmos [^ ]* \([0-9]*\).*/\1/p' "$runs/linux.log" | head -1)
	echo "the clock showed $shown, the host $from to $to"
	((shown >= from && shown <= to))
}
