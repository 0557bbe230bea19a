#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every complete scenario, signal map and file of names that the documentation shows must pass `dyno check`.
# usage: check_docs.sh DYNO SOURCE_DIR WORK_DIR
set -eu
dyno=$1 source=$2 work=$3

rm -rf "$work"
mkdir -p "$work/scenarios"
# The examples name files as if they lay in scenarios/; what is not shipped is a stand-in.
ln -s "$source/assets" "$work/assets"
for folder in maps dbc names lua; do
	ln -s "$source/scenarios/$folder" "$work/scenarios/$folder"
done
cd "$work/scenarios"
: > drive.log

# One file for each ```yaml block: NAME-LINE.yaml.
for page in "$source"/*.md "$source"/docs/*.md; do
	awk -v name="$(basename "$page" .md)" '
		/^```yaml/ { file = name "-" NR + 1 ".yaml"; printf "" > file; next }
		/^```/     { if (file) close(file); file = ""; next }
		file       { print > file }' "$page"
done

scenarios=0 maps=0 names=0 status=0
for block in *-*.yaml; do
	if grep -q '^duration:' "$block"; then
		scenarios=$((scenarios + 1))
		"$dyno" check "$block" || status=1
	elif grep -q '^signals:' "$block" && grep -q 'dbc:' "$block"; then
		names=$((names + 1))
		printf 'duration: 1s\nbuses: { can0: {} }\nsignals: { databases: [ { dbc: dbc/synthetic.dbc } ], names: %s }\n' \
			"$block" > names-user.tmp
		"$dyno" check names-user.tmp || status=1
	elif grep -q '^signals:' "$block"; then
		maps=$((maps + 1))
		printf 'duration: 1s\nbuses: { can0: {} }\nguests:\n  a: { kernel: "builtin:cluster", can: [can0], signals: %s }\n' \
			"$block" > map-user.tmp
		"$dyno" check map-user.tmp || status=1
	fi
done
# A page that lost its examples, or a pattern that no longer finds them, must not pass.
[ "$scenarios" -ge 3 ] && [ "$maps" -ge 1 ] && [ "$names" -ge 1 ] || {
	echo "only $scenarios scenarios, $maps maps and $names files of names were found in the documentation"
	status=1
}
exit $status
