# SPDX-License-Identifier: Apache-2.0
start=$(param start 0)
of_today() { [ "$1" -ge "$start" ] && [ "$1" -lt $((start + 90)) ]; }

# Clocks.
rtc=$(grep -l virtio /sys/class/rtc/rtc*/name | head -1)
rtc=${rtc%/name}
cmos=$(grep -l rtc_cmos /sys/class/rtc/rtc*/name | head -1)
cmos=${cmos%/name}
check "virtio has a clock" [ -e "$rtc/since_epoch" ]
t=$(cat "$rtc/since_epoch")
c=$(cat "$cmos/since_epoch")
check "it has the scenario's time ($t)" of_today "$t"
check "so has the PC's ($c)" [ $((c - t)) -ge 0 -a $((c - t)) -le 1 ]
check "so has the system ($(date +%s))" of_today "$(date +%s)"
check "hwclock" sh -c "hwclock -r -u -f /dev/${rtc##*/} | grep 2030"
check "alarm" guest_clock alarm "/dev/${rtc##*/}" 2
check "alarm by sysfs" sh -c "echo +60 >$rtc/wakealarm && [ \$((\$(cat $rtc/wakealarm) - \$(cat $rtc/since_epoch))) -ge 59 ] && echo 0 >$rtc/wakealarm"
ptp() {
	p=$(grep -l "Virtio PTP type $1/" /sys/class/ptp/ptp*/clock_name)
	p=${p%/clock_name}
	guest_clock ptp "/dev/${p##*/}"
}
utc=$(ptp 3)
tai=$(ptp 1)
mono=$(ptp 2)
echo "UTC $utc TAI $tai monotonic $mono"
check "PTP clock of UTC" of_today $((${utc% *} / 1000000000))
check "TAI is ahead" [ $(((${tai% *} - ${utc% *}) / 1000000000)) -eq 37 ]
check "the monotonic clock began with the run" [ "${mono% *}" -lt 90000000000 ]
check "nobody offers cross timestamps" [ "${utc#* }" = 0 ]

# The receiver.
name=$(grep -l '^gnss0$' /sys/class/virtio-ports/*/name)
name=${name%/name}
port=/dev/${name##*/}
check "port gnss0" [ -c "$port" ]
hears() { timeout 20 grep -m1 "$1" "$port"; }
check "time and date of the scenario" hears '^\$GPRMC,0304[0-9][0-9]\.[0-9]*,A,.*,020130,,,A'
first=$(hears '^\$GPRMC,[0-9.]*,A,4808.22000,N,01134.50000,E,0.00,90.0,') && ok "stands at the start: $first"
echo "AT REST"
check "speed follows the signal" hears '^\$GPRMC,.*,E,54.00,90.0,'
# A hundredth of a minute is some 12 m.
check "it has moved to the east" hears '^\$GPGGA,[0-9.]*,4808.2[0-9]*,N,01134.5[1-9][0-9]*,E,1,09,'
check "VTG, GSA, GSV" sh -c "timeout 5 head -n 30 $port >/s; grep -q 'GPVTG,90.0,T,,M,54.00,N,100.00,K,A' /s && grep -q 'GPGSA,A,3,01' /s && grep -q 'GPGSV,3,3,09' /s"
echo "DRIVING"
check "no fix in the tunnel" hears '^\$GPRMC,[0-9.]*,V,,,,,'
check "quality 0" hears '^\$GPGGA,[0-9.]*,,,,,0,00,'
echo "IN THE TUNNEL"
check "out of it again" hears '^\$GPRMC,[0-9.]*,A,'
at=$(hears '^\$GPRMC,' | cut -d, -f2)
of_day=$(echo "$at" | awk '{ print substr($1, 1, 2) * 3600 + substr($1, 3, 2) * 60 + substr($1, 5, 2) }')
now=$(cat "$rtc/since_epoch")
check "receiver and clock agree ($at)" [ $((now % 86400 - of_day)) -ge 0 -a $((now % 86400 - of_day)) -le 2 ]
echo "CLOCK $now"
ready
