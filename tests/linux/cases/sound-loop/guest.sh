# SPDX-License-Identifier: Apache-2.0
ready
for f in 440 997; do
	for format in S16_LE S32_LE; do
		check "$f Hz, $format" alsabat -P hw:0,0 -C hw:0,0 -c 2 -r 48000 -f $format -F $f -n 2s -E 9600 -B 48000
	done
done
# It must be able to fail: nothing is played here.
alsabat -C hw:0,0 -c 2 -r 48000 -f S16_LE -F 997 -n 1s -E 9600 -B 48000 >/tmp/none 2>&1
check silence grep "Could not detect signal" /tmp/none
