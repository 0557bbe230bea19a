#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# scenarios/ci-regression.yaml, made to fail: regression_fails.sh DYNO SCENARIO OUT. The exit status
# is that of a failed check, and the report shows what failed, first and with its evidence.
set -uo pipefail
dyno=$1 scenario=$2 out=$3

"$dyno" run --headless -q --out "$out" "$scenario" --set STUCK=6s --set LIMIT=90
status=$?
[[ $status = 3 ]] && { echo "this host cannot run it"; exit 77; }
[[ $status = 1 ]] || { echo "the exit status is $status, not 1" >&2; exit 1; }

bad=0
has() { # FILE EXPRESSION
	grep -qE "$2" "$out/$1" || { echo "$1 has no /$2/" >&2; bad=1; }
}
# The two that were made to; on a host without time for the cluster, its rhythm may be others.
has junit.xml 'tests="14" failures="[2-9]"'
has report.html '<title>FAILED: regression of the cluster</title>'
# Values that failed, the frame that brought the first of them, the limit as a band that was left.
has report.html '90\.[0-9]+ km/h at [0-9.]+s, [0-9]+ of [0-9]+ values out of bounds'
has report.html '<b>0D4#[0-9A-F]{16} at '
has report.html 'class="band bad"'
has report.html '[0-9]+ values from 0 km/h to 4[0-9.]+ km/h'
exit $bad
