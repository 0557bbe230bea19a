#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every ```lua block of docs/scripting.md runs for 300 ms as the only script of a scenario, without an
# error: what the page asserts is so.
# usage: check_scripts.sh DYNO SOURCE_DIR WORK_DIR
set -eu
dyno=$1 source=$2 work=$3

rm -rf "$work"
mkdir -p "$work"
cd "$work"
ln -s "$source/scenarios/dbc" "$source/scenarios/names" .
printf 't,speed\n0,0\n1,10\n2,20\n' > drive.csv
awk '
	/^```lua/ { file = "block-" NR + 1 ".lua"; printf "" > file; next }
	/^```/    { if (file) close(file); file = ""; next }
	file      { print > file }' "$source/docs/scripting.md"

blocks=0 status=0
for block in block-*.lua; do
	blocks=$((blocks + 1))
	cat > "$block.yaml" <<-END
		duration: 300ms
		buses: { can0: {} }
		signals:
		  databases: [ { dbc: dbc/synthetic.dbc, nodes: [EngineEcu, BrakeEcu, BodyEcu] } ]
		  names: names/vss-synthetic.yaml
		scripts: [ $block ]
	END
	"$dyno" run --quiet --out "out-$block" "$block.yaml" > log 2>&1 || {
		status=1
		cat log
	}
done
# A page that lost its examples must not pass.
[ "$blocks" -ge 7 ] || {
	echo "only $blocks examples were found"
	status=1
}
exit $status
