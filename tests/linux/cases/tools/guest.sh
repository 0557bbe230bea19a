# SPDX-License-Identifier: Apache-2.0
rngtest -c 200 </dev/hwrng >/tmp/rng 2>&1
good=$(sed -n 's/.*FIPS 140-2 successes: //p' /tmp/rng)
# A block in a thousand fails where all is well.
[ "${good:-0}" -ge 195 ] && ok "rngtest: $good of 200" || fault "rngtest: $(cat /tmp/rng)"
echo "hvc0 speaks" >/dev/hvc0
# It stays open: what a terminal has still to echo goes with it.
(read -r word && echo "hvc0 heard $word") <>/dev/hvc0 >&0 &

modetest -M virtio_gpu -c >/tmp/connectors
grep -q '#0 800x480' /tmp/connectors && ok "modetest: 800x480" || fault "modetest: $(cat /tmp/connectors)"
connector=$(sed -n 's/^\([0-9]*\)[[:space:]].*[[:space:]]connected[[:space:]].*/\1/p' /tmp/connectors | head -n 1)
# It shows its test picture until somebody presses Enter.
(sleep 1000 | modetest -M virtio_gpu -s "$connector:800x480" >/tmp/modetest 2>&1) &

for e in /sys/class/input/event*; do
	evtest "/dev/$(cd "$e" && echo "input/${e##*/}")" >"/tmp/${e##*/}" 2>&1 &
done
sleep 1
ready
saw() { cat /tmp/event* | grep -qE "$1"; }
await 20 saw 'ABS_MT_POSITION_X\), value 400' && ok "evtest: touch x"
await 5 saw 'ABS_MT_POSITION_Y\), value 120' && ok "evtest: touch y"
await 5 saw 'EV_KEY\), code 30 \(KEY_A\), value 1' && ok "evtest: key"
# The scenario takes the picture at 35 s.
late() { [ "$(cut -d. -f1 /proc/uptime)" -ge 38 ]; }
await 40 late
# It has no gamma table, which modetest remarks.
grep -i fail /tmp/modetest | grep -v gamma && fault "modetest: $(cat /tmp/modetest)"
dmesg_known='^$'
