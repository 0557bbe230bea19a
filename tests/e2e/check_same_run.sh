#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same run twenty times: what the bench sends, in which order and due when, is the same in all,
# with replays, timed frames and signals that share their instants, on a host that has other work.
# usage: check_same_run.sh DYNO WORK_DIR
set -eu
dyno=$1 work=$2
runs=20
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# Two recordings with frames at the same instants, one of them in another format.
i=0
while [ $i -lt 40 ]; do
	printf '(1700000000.%06d) can0 1%02X#%02X\n' $((i * 2500)) $((i % 7)) $i
	i=$((i + 1))
done > a.log
sed 's/ can0 1/ can0 2/' a.log > b.log
"$dyno" trace convert b.log b.blf 2> /dev/null
cat > car.dbc << 'END'
VERSION ""
NS_ :
BS_:
BU_: ECU
BO_ 768 Cyclic: 8 ECU
 SG_ Speed : 0|16@1+ (1,0) [0|65535] "" ECU
BA_DEF_ BO_ "GenMsgCycleTime" INT 0 65535;
BA_DEF_DEF_ "GenMsgCycleTime" 0;
BA_ "GenMsgCycleTime" BO_ 768 5;
END
# Chance, by the seed, and answers to replayed frames.
cat > sensor.lua << 'END'
every(10, function() set("Speed", math.random(1000)) end)
every(7, function() send({ id = 0x702, data = string.pack("<I2", math.random(65535)) }, "can0") end)
on({ id = 0x103, bus = "can0" }, function(f)
	send({ id = 0x703, data = f.data .. string.char(math.random(255)) }, "can0")
end)
END
cat > same.yaml << 'END'
duration: 150ms
seed: 7
buses:
  can0: {}
  can1: {}
replays:
  - { file: a.log, loop: true }
  - { file: b.blf, map: { "1": can1 }, loop: true }
  - { file: b.log, map: { can0: can0 }, speed: 2 }
signals:
  databases:
    - { bus: can1, dbc: car.dbc, nodes: [ECU] }
scripts: [ sensor.lua ]
actions:
  - { at: 20ms, set: { Speed: 50 } }
  - { at: 5ms, send: { bus: can0, frame: "700#AA", every: 5ms } }
  - { at: 5ms, send: { bus: can1, frame: "701#BB", every: 2500us } }
END
"$dyno" check same.yaml > /dev/null

# Something else to do for the processors.
(while [ ! -e done ]; do :; done) &
n=1
while [ $n -le $runs ]; do
	timeout 30 "$dyno" run --out "run$n" same.yaml > "run$n.txt" 2>&1 || {
		cat "run$n.txt"
		touch done
		exit 1
	}
	n=$((n + 1))
done
touch done
wait

set --
n=1
while [ $n -le $runs ]; do
	set -- "$@" "run$n/stimuli.candump"
	n=$((n + 1))
done
"$dyno" trace diff "$@"
# All of it, and nothing from behind the end: 60 of a.log, 60 of b.blf, 40 of b.log in 50 ms, 29 and
# 58 timed frames, 30 of a signal, 21 and 9 of a script.
frames=$(wc -l < run1/stimuli.candump)
[ "$frames" -eq 307 ] || {
	echo "$frames stimuli instead of 307"
	exit 1
}
last=$(tail -n 1 run1/stimuli.candump)
case $last in
"(0000000000.14"*) ;;
*)
	echo "the last one is $last"
	exit 1
	;;
esac
