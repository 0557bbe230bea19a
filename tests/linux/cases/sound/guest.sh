# SPDX-License-Identifier: Apache-2.0
ready
aplay -l
check card grep -q "VirtIO SoundCard" /proc/asound/cards
check streams test -e /proc/asound/card0/pcm0p -a -e /proc/asound/card0/pcm0c
check play aplay -q -D hw:0,0 --period-size=480 --buffer-size=1920 /tone.wav
check record arecord -q -D hw:0,0 -f S16_LE -r 48000 -c 2 -s 24000 /tmp/mic.wav
size=$(stat -c %s /tmp/mic.wav)
[ "$size" = 96044 ] && ok "recorded $size bytes" || fault "recorded $size bytes, not 96044"
