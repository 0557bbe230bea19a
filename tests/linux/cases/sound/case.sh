# SPDX-License-Identifier: Apache-2.0
# Linux' own sound driver: aplay's samples arrive bit for bit, arecord gets as many as it asks for, speaker-test's
# channels come out where they belong, alsabat hears what it plays, a jack is seen to be pulled, and the kernel's ALSA
# selftests pass.
kernels=(guest)
packages=(alsa-utils)
programs=(aplay arecord speaker-test amixer alsabat)
# alsabat ends its threads by pthread_exit(), which loads libgcc_s.
files=("@/usr/lib/x86_64-linux-gnu/libgcc_s.so.1=/lib/x86_64-linux-gnu/libgcc_s.so.1"
	"@/usr/share/alsa=/usr/share/alsa" "$out/tone.wav=/tone.wav" "$out/mixer-test=/bin/mixer-test"
	"$out/pcm-test=/bin/pcm-test" "$out/alsa=/alsa")
needs=(python3)
limit=220

prepare() {
	local tests
	tests=$("$root/assets/linux/build-kernel-tests") || return
	[[ -x $tests/pcm-test ]] || { echo "no ALSA to build the kernel's tests with"; return 77; }
	cp -r "$tests/mixer-test" "$tests/pcm-test" "$tests/alsa" "$out/"
	python3 - "$out/tone.wav" <<-'P'
		import math, struct, sys, wave
		w = wave.open(sys.argv[1], "wb")
		w.setparams((2, 2, 48000, 0, "NONE", ""))
		w.writeframes(b"".join(struct.pack("<hh", round(9000 * math.sin(2 * math.pi * 440 * i / 48000)),
			round(5000 * math.sin(2 * math.pi * 1000 * i / 48000))) for i in range(48000)))
	P
}

# Eight channels, one after the other, as speaker-test walks round the room: front left, centre, right,
# the right side, behind on the right and the left, the left side, and the subwoofer.
channels() {
	python3 - "$1" <<-'P'
		import array, sys, wave
		w = wave.open(sys.argv[1])
		n = w.getnchannels()
		s = array.array("h", w.readframes(10**9))
		first = [next((i for i in range(c, len(s), n) if abs(s[i]) > 3000), None) for c in range(n)]
		heard = [c for c in range(n) if first[c] is not None]
		heard.sort(key=lambda c: first[c])
		print("CHANNELS %d, heard in the order %s" % (n, heard))
		sys.exit(heard != [0, 4, 1, 7, 3, 2, 6, 5])
	P
}

inside() {
	bench_start && said linux 'PULL THE JACK' || return
	ctl jack linux.main out || return
	bench_end || return
	channels "$runs/linux-main-2.wav" || return
	python3 - "$out/tone.wav" "$runs/linux-main.wav" <<-'P'
		import sys, wave
		tone, heard = (wave.open(p) for p in sys.argv[1:])
		t, h = tone.readframes(10**9), heard.readframes(10**9)
		at = h.find(t)
		print("HEARD %d frames at %d Hz; the tone's %d are whole at %d" % (
			len(h) // 4, heard.getframerate(), len(t) // 4, at))
		sys.exit(heard.getframerate() != 48000 or heard.getnchannels() != 2 or at < 0)
	P
}
