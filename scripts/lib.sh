# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts: sourced, not run. Installs packages once, builds presets.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() {
	printf 'error: %s\n' "$*" >&2
	exit 3
}

# need SECTION...: the packages of these sections of packages.txt are installed.
need() {
	local missing=() section package choice
	installed() { [[ $(dpkg-query -W -f '${Status}' "$1" 2>/dev/null) == *" installed" ]]; }
	command -v dpkg-query >/dev/null ||
		die "this script installs Debian packages; elsewhere install what scripts/packages.txt lists"
	while read -r section package; do
		[[ " $* " == *" $section "* ]] || continue
		for choice in ${package//|/ }; do
			installed "$choice" && continue 2
		done
		missing+=("$package")
	done < <(grep -v '^#' scripts/packages.txt)
	[[ ${#missing[@]} -gt 0 ]] || return 0
	say "installing ${#missing[@]} packages: ${missing[*]}"
	local sudo=()
	if [[ $(id -u) != 0 ]]; then
		command -v sudo >/dev/null || die "run as root, or install: ${missing[*]}"
		sudo=(sudo)
	fi
	"${sudo[@]}" apt-get update -qq ||
		say "apt-get update failed; trying with the package lists that are there"
	local names=()
	for package in "${missing[@]}"; do
		for choice in ${package//|/ }; do
			[[ -n $(apt-cache show "$choice" 2>/dev/null) ]] && break
		done
		names+=("$choice")
	done
	"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends "${names[@]}" >/dev/null ||
		die "could not install: ${names[*]}"
}

# build PRESET [TARGET...]: configures when needed, then builds what changed. With `werror` set a
# warning is an error in the release build, too: a user's newer compiler may know more of them.
build() {
	local preset=$1 quiet=--quiet
	shift
	[[ -t 1 ]] && quiet= # a person wants to see that it goes on
	# What another clone of this machine has compiled need not be compiled again.
	if command -v ccache >/dev/null; then
		export CMAKE_C_COMPILER_LAUNCHER=ccache CCACHE_BASEDIR=${CCACHE_BASEDIR:-$root} CCACHE_NOHASHDIR=1
	fi
	[[ -f build/$preset/build.ninja && ! ${werror:-} ]] ||
		cmake --preset "$preset" ${werror:+-DDYNO_WERROR=ON} >/dev/null ||
		die "cmake --preset $preset failed"
	cmake --build "build/$preset" ${1:+--target "$@"} -- $quiet ||
		die "the $preset build failed"
}
