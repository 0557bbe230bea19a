# SPDX-License-Identifier: Apache-2.0
ready
aplay -l
check card grep -q "VirtIO SoundCard" /proc/asound/cards
check streams test -e /proc/asound/card0/pcm0p -a -e /proc/asound/card0/pcm0c
check play aplay -q -D hw:0,0 --period-size=480 --buffer-size=1920 /tone.wav
check record arecord -q -D hw:0,0 -f S16_LE -r 48000 -c 2 -s 24000 /tmp/mic.wav
size=$(stat -c %s /tmp/mic.wav)
[ "$size" = 96044 ] && ok "recorded $size bytes" || fault "recorded $size bytes, not 96044"

check channels speaker-test -D hw:0,0 -c 8 -r 48000 -F S16_LE -t sine -f 440 -l 1 -p 40000 -b 160000
amixer -c 0 contents
check volume amixer -q -c 0 cset 'name=Master Playback Volume' 50
check mute amixer -q -c 0 cset 'name=Master Playback Switch' off
check unmute amixer -q -c 0 cset 'name=Master Playback Switch' on
check full amixer -q -c 0 cset 'name=Master Playback Volume' 100

cd /alsa || exit
for t in mixer-test pcm-test; do
	"$t" >"/tmp/$t" 2>&1
	rc=$?
	grep -E '^(not ok|# Totals)' "/tmp/$t"
	if [ $rc = 0 ]; then
		ok "$t"
	else
		cat "/tmp/$t"
		fault "$t ended with $rc"
	fi
done
