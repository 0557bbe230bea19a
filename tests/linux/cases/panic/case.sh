# SPDX-License-Identifier: Apache-2.0
# A panic is a crash of the guest: the report has the kernel's own words.
kernels=(generic guest)
modules=(virtio_pci virtio_console pvpanic-mmio)
limit=40

inside() {
	bench_start || return
	said linux 'ABOUT TO PANIC' || return
	# The run fails: that is what this case is about.
	bench_end >"$tmp/end" && { cat "$tmp/end"; return 1; }
	grep -o '<failure message="[^"]*panic: Kernel panic - not syncing: sysrq triggered crash"' "$runs/junit.xml" &&
		grep -q 'sysrq: Trigger a crash' "$runs/junit.xml" &&
		grep 'guest crashed: panic: Kernel panic' "$tmp/log"
}
