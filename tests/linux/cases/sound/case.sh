# SPDX-License-Identifier: Apache-2.0
# Linux' own sound driver: aplay's samples arrive bit for bit, arecord gets as many as it asks for.
kernels=(guest)
packages=(alsa-utils)
programs=(aplay arecord)
files=("@/usr/share/alsa=/usr/share/alsa" "$out/tone.wav=/tone.wav")
needs=(python3)
limit=60

prepare() {
	python3 - "$out/tone.wav" <<-'P'
		import math, struct, sys, wave
		w = wave.open(sys.argv[1], "wb")
		w.setparams((2, 2, 48000, 0, "NONE", ""))
		w.writeframes(b"".join(struct.pack("<hh", round(9000 * math.sin(2 * math.pi * 440 * i / 48000)),
			round(5000 * math.sin(2 * math.pi * 1000 * i / 48000))) for i in range(48000)))
	P
}

inside() {
	bench_start
	bench_end
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
