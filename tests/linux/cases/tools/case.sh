# SPDX-License-Identifier: Apache-2.0
# The tools that people test drivers with: modetest's picture compared, evtest sees a touch and a key,
# rngtest is content, words on hvc0, both ways.
packages=(libdrm-tests evtest rng-tools5)
programs=(modetest evtest rngtest)
limit=70

inside() {
	bench_start && said linux 'READY' 30 || return
	sleep 1
	ctl touch linux 400 120 && ctl key linux KEY_A && ctl type --port hvc0 linux 'good morning' && bench_end
}
