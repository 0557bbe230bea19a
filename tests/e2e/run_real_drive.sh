#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_real_drive.sh DYNO SCENARIO OUT: runs the scenario of the real drive where its recording is;
# exit 77 where it is not, or where the host cannot run guests.
set -eu
shared=${DYNO_SHARED_DIR:-$(dirname "$2")/../../shared}
if [ ! -e "$shared/data/pairs/subaru_brz/can_sample.log" ]; then
	echo "skipped: no recording in $shared/data/pairs/subaru_brz (set DYNO_SHARED_DIR)"
	exit 77
fi
rc=0
"$1" run --headless --set DYNO_SHARED_DIR="$(realpath "$shared")" --out "$3" "$2" || rc=$?
[ $rc -ne 3 ] || rc=77
exit $rc
