#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every ```console block of a page of the documentation is run, in the order of the page, in a
# folder with the files of docs/examples; what it prints must be what the page shows. A line of
# "..." stands for any lines. Both streams count: stdout, then stderr.
# usage: check_examples.sh DYNO SOURCE_DIR WORK_DIR PAGE...
set -eu
dyno=$1 source=$2 work=$3
shift 3

rm -rf "$work"
mkdir -p "$work/bin" "$work/files"
ln -s "$dyno" "$work/bin/dyno"
cp "$source"/docs/examples/* "$work/files"
PATH="$work/bin:$PATH"
cd "$work/files"

# The lines of a shown output against a real one: "..." skips ahead to the next line that matches.
matches() {
	awk '
		NR == FNR { want[n++ + 0] = $0; next }
		          { have[m++ + 0] = $0 }
		END {
			k = skip = 0
			for (i = 0; i < n; i++) {
				if (want[i] == "...") { skip = 1; continue }
				while (skip && k < m && have[k] != want[i]) k++
				skip = 0
				if (k >= m || have[k] != want[i]) {
					print "line " i + 1 " should be: " want[i]
					print "and is:           " (k < m ? have[k] : "(nothing)")
					exit 1
				}
				k++
			}
			if (!skip && k < m) { print "not shown: " have[k]; exit 1 }
		}' "$1" "$2"
}

run=0 status=0
for page in "$@"; do
	rm -f ../step-*
	# step-N.cmd and step-N.want for each "$ command" of each block.
	awk '
		/^```console/ { on = 1; next }
		/^```/        { on = 0; next }
		on && /^\$ /  { n++; f = sprintf("../step-%03d", n); print substr($0, 3) > (f ".cmd")
		                printf "" > (f ".want"); next }
		on && n       { print > (f ".want") }' "$source/$page"
	for cmd in ../step-*.cmd; do
		[ -e "$cmd" ] || continue
		run=$((run + 1))
		sh "$cmd" > ../out 2> ../err || :
		cat ../out ../err > ../both
		if ! matches "${cmd%.cmd}.want" ../both > ../why; then
			echo "$page: \$ $(cat "$cmd")"
			cat ../why
			status=1
		fi
	done
done
# A page that lost its examples must not pass.
[ "$run" -ge $# ] || {
	echo "only $run examples were found"
	status=1
}
exit $status
