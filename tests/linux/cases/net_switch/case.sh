# SPDX-License-Identifier: Apache-2.0
# Two guests on the bench's switch: streams and files both ways with all offloads and with none,
# datagrams, VLANs with tags, a slow line; everything is in the captures.
kernels=(guest)
guests=(server client)
packages=(iperf3 ethtool iproute2 socat)
programs=(iperf3 ethtool ip socat)
files=("$here/guest/net.sh=/net.sh")
needs=(python3)
limit=200

inside() {
	bench || return
	python3 - "$runs/lan.pcapng" <<-'P'
		import struct, sys
		data, at, ports, frames, longest, tagged = open(sys.argv[1], "rb").read(), 0, 0, 0, 0, 0
		while at < len(data):
		    kind, size = struct.unpack_from("<II", data, at)
		    ports += kind == 1
		    if kind == 6:
		        n = struct.unpack_from("<I", data, at + 20)[0]
		        frames, longest = frames + 1, max(longest, n)
		        tagged += data[at + 40:at + 42] == b"\x81\0"
		    at += size
		print("CAPTURE %d ports, %d frames, the longest of %d bytes, %d with a tag" % (ports, frames, longest, tagged))
		sys.exit(ports != 2 or frames < 1000 or longest < 10000 or not tagged)
	P
}
