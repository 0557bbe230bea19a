#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` leaves works without the source tree: every shipped scenario passes
# `dyno check`, and one runs with its builtin guest from another working directory.
set -euo pipefail
cmake=$1 build=$2
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cd "$prefix"
"$cmake" --install "$build" --prefix "$prefix" >/dev/null
for scenario in share/dyno/scenarios/*.yaml; do
	[[ $scenario == *real* || $scenario == *linux* ]] && continue # what they run is not installed
	bin/dyno check "$scenario"
done
if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "skipped the run: no access to /dev/kvm"
	exit 77
fi
timeout 40 bin/dyno run "$prefix/share/dyno/scenarios/minimal.yaml" --headless --out "$prefix/out"
[[ -s out/cluster-0-end.png && -s out/junit.xml ]]
