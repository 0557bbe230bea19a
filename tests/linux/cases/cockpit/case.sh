# SPDX-License-Identifier: Apache-2.0
# scenarios/linux-cockpit.yaml as it ships: cluster from a RAM disk, IVI with systemd and Weston from
# a disk, both driven by the 7.2 kernel. The pictures are kept.
kernels=(none)
guests=(cluster ivi)
limit=230
# An emulated host of two processors delivers an interrupt in the wrong world now and then, when it has
# two guests to run.
host_cpus=1
host_memory=5120

prepare() {
	local folder
	folder=$("$root/assets/linux/build" --if-cached) || return
	ln -sfn "$folder" "$out/linux"
}

inside() {
	export DYNO_LINUX=$out/linux QUIRKS="loglevel=5 ${DYNO_QUIRKS:-}"
	scenario=../../../../scenarios/linux-cockpit.yaml
	# The cluster leaves the processor to the IVI until it drives. On most days the IVI is ready after 55 s;
	# 100 were seen.
	local drive=80
	[[ $attempt = 1 ]] || drive=150
	bench DRIVE=${drive}s PICTURE=$((drive + 45))s DURATION=$((drive + 50))s STEADY=70s IVI_CPUS=1 && quiet_kernels
}
