# SPDX-License-Identifier: Apache-2.0
ready

# bat HZ: alsabat hears what it plays. Three times at most: the sound server joins the streams while the first one
# plays already, and on a host that is emulated that takes seconds.
bat() {
	for i in 1 2 3; do
		if alsabat -P hw:0,0 -C hw:0,0 -c 2 -r 48000 -f S16_LE -F "$1" -n 3s -E 9600 -B 48000 >/tmp/bat 2>&1; then
			grep "at target frequency" /tmp/bat
			ok "$1 Hz came back, at attempt $i"
			return
		fi
	done
	tail -n 15 /tmp/bat
	fault "$1 Hz did not come back"
}

bat 440
bat 997
# It must be able to fail: nothing is played here.
alsabat -C hw:0,0 -c 2 -r 48000 -f S16_LE -F 997 -n 1s -E 9600 -B 48000 >/tmp/none 2>&1
check silence grep "Detected at least 0 signal" /tmp/none
