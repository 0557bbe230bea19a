# SPDX-License-Identifier: Apache-2.0
# scenarios/linux-cockpit.yaml as it ships: cluster from a RAM disk, IVI with systemd and Weston from
# a disk, both driven by the 7.2 kernel. The pictures are kept.
kernels=(none)
limit=100
host_memory=5120

prepare() {
	local folder
	folder=$("$root/assets/linux/build" --if-cached) || return
	ln -sfn "$folder" "$out/linux"
}

inside() {
	export DYNO_LINUX=$out/linux QUIRKS=${DYNO_QUIRKS:-}
	scenario=../../../../scenarios/linux-cockpit.yaml
	# One processor: the emulated host now and then loses interrupts between a guest's.
	bench DURATION=75s PICTURE=72s STEADY=50s IVI_CPUS=1
}
