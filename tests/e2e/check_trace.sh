#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `dyno trace` where things go wrong or run through pipes: exit statuses, and what is said.
# usage: check_trace.sh DYNO WORK_DIR
set -u
dyno=$1 work=$2
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1
bad=0

# want STATUS TEXT COMMAND...: both streams hold TEXT (a grep pattern; - for anything).
want() {
	status=$1 text=$2
	shift 2
	"$@" > out 2>&1
	got=$?
	if [ "$got" -ne "$status" ] || { [ "$text" != - ] && ! grep -q -e "$text" out; }; then
		echo "$*: status $got instead of $status, or without '$text':"
		cat out
		bad=1
	fi
}

cat > a.log << 'END'
(1700000000.000000) can0 100#0102
(1700000000.001000) can1 200##1AABBCC
(1700000000.002000) can0 20000088#0000080000000000
(1700000001.000000) can0 100#0103
END
printf '(0000000000.000000) can0 100#0102\n(0000000000.500000) can0 101#\n' > undated.log
printf 'neither this\nnor that is a trace\n' > text.txt
: > empty.log

want 0 'candump' "$dyno" trace info a.log
want 0 '"frames":4' "$dyno" trace info --json a.log
want 2 'no CAN trace of a known format' "$dyno" trace info text.txt
want 2 'no CAN trace' "$dyno" trace info empty.log
want 2 'cannot open' "$dyno" trace info nothing.log
want 2 'name one or more' "$dyno" trace info
want 2 'would be overwritten' "$dyno" trace convert a.log a.log
want 0 - "$dyno" trace info a.log
want 2 "there is no format 'abc'" "$dyno" trace convert --format abc a.log b.abc
want 2 'read, not written' "$dyno" trace convert --format crtd a.log b.crtd
want 2 'versions 1.1' "$dyno" trace convert --trc-version 3 a.log b.trc
want 0 'CAN FD frames (left out): 1' "$dyno" trace convert --trc-version 1.3 a.log b.trc
want 1 'what error frames say' "$dyno" trace convert --strict a.log b.asc
want 0 - "$dyno" trace convert --strict a.log b.pcapng
want 0 'equal, 4 frames' "$dyno" trace diff a.log b.pcapng b.asc
want 3 - sh -c "'$dyno' trace convert --format asc a.log - > /dev/full"

# Through pipes; MDF and BLF as well as text.
want 0 'equal, 4 frames' sh -c "'$dyno' trace convert --format blf a.log - | '$dyno' trace diff a.log -"
want 0 'equal, 4 frames' sh -c "cat a.log | '$dyno' trace convert --format pcap - - | '$dyno' trace diff --any-channel a.log -"

want 0 '^(1700000001.0' "$dyno" trace cut --from 500ms --format candump a.log -
want 0 ': 1 frames' "$dyno" trace cut --id 0x200 a.log c.log
want 0 ': 3 frames' "$dyno" trace cut --not-id 200 a.log c.log
want 0 ': 3 frames' "$dyno" trace cut --channel can0 a.log c.log
want 0 ': 2 frames' "$dyno" trace cut --limit 2 a.log c.log
want 0 ': 0 frames' "$dyno" trace cut --id 100x a.log c.log
want 2 'list of identifiers' "$dyno" trace cut --id '0x100;5' a.log c.log
want 2 'range that is none' "$dyno" trace cut --id 200-100 a.log c.log

want 2 'align' "$dyno" trace merge -o m.log a.log undated.log
want 0 ': 6 frames' "$dyno" trace merge --align -o m.log a.log undated.log
want 0 '^(1700000000.500000) can0 101#' cat m.log
want 0 ': 8 frames' "$dyno" trace merge --apart -o m.log a.log b.pcapng
want 0 'channel   can3: 1 frames' "$dyno" trace info m.log

sed 's/0103/0104/' a.log > d.log
want 1 '^+ 1700000001.000000 can0 100#0104' "$dyno" trace diff a.log d.log
want 1 '1 of them only here' "$dyno" trace diff a.log d.log
want 1 - "$dyno" trace diff --quiet a.log d.log
sed 's/01.000000/01.000500/' a.log > d.log
want 1 'frames have other times' "$dyno" trace diff a.log d.log
want 0 equal "$dyno" trace diff --time 1ms a.log d.log
want 0 equal "$dyno" trace diff --time any a.log d.log
# A frame too many in the middle is one difference, not many.
i=0
while [ $i -lt 500 ]; do
	echo "(1700000000.$((100000 + i))) can0 1$((10 + i % 80))#$((10 + i % 90))"
	i=$((i + 1))
done > long.log
sed '250d' long.log > short.log
want 1 'long.log: 500 frames, 1 of them only here' "$dyno" trace diff long.log short.log
want 1 'short.log: 499 frames, 0 of them only here' "$dyno" trace diff long.log short.log

# All at another time, and nothing in common: neither takes long.
sed 's/^(1700000000/(1700000009/' long.log > shift.log
want 1 '^500 frames have other times, up to 9000.000000 ms' "$dyno" trace diff long.log shift.log
sed 's/can0 1/can0 7/' long.log > other.log
want 1 'long.log: 500 frames, 500 of them only here' "$dyno" trace diff long.log other.log

# Damage: what was in front of it is there, and its place is told.
"$dyno" trace convert a.log whole.blf 2> /dev/null
head -c 240 whole.blf > cut.blf
want 1 'cut.blf: byte 144: the file ends in the middle of a container' "$dyno" trace info cut.blf
"$dyno" trace convert a.log whole.pcap 2> /dev/null
head -c 150 whole.pcap > cut.pcap
want 1 'cut.pcap: byte 144' "$dyno" trace info cut.pcap
want 0 ': 2 frames' "$dyno" trace convert cut.pcap rest.log
printf '\377\377\377\377' | dd of=cut.pcap bs=1 seek=32 conv=notrunc 2> /dev/null
want 1 'impossible length' "$dyno" trace info cut.pcap
printf '(1700000000.0) can0 100#XYZ\n(1700000000.1) can0 100#11\n' > bad.log
want 1 'bad.log:1: ' "$dyno" trace info bad.log

want 0 '100         2' "$dyno" trace stats a.log
want 0 '"bytes_max": 3' "$dyno" trace stats --json a.log
want 0 '% busy' "$dyno" trace stats --bitrate 500k --data-bitrate 2M a.log
want 2 'no bit rate' "$dyno" trace stats --bitrate fast a.log
exit $bad
