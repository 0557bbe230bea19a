# SPDX-License-Identifier: Apache-2.0
# The largest machine: eight processors, and 64 GiB on both sides of the PCI hole, of which the guest
# touches what it needs; then one on the host's huge pages, which it gives back.
limit=160

# huge WORD: of the host's pages of 2 MiB.
huge() { awk -v w="HugePages_$1:" '$1 == w { print $2 }' /proc/meminfo; }

inside() {
	bench CPUS=8 MEMORY=64G PAGES=transparent || return
	grep -E 'serial: MIB 6[0-9]{4}$' "$runs/linux.log" && grep 'serial: CPUS 8$' "$runs/linux.log" || return
	echo 160 >/proc/sys/vm/nr_hugepages
	[[ $(huge Free) = 160 ]] || { echo "skipped: no huge pages here"; exit 77; }
	bench_start CPUS=2 MEMORY=256M PAGES=2M && said linux READY || return
	# Reserved is what was not touched yet.
	[[ $(($(huge Free) - $(huge Rsvd))) = 32 ]] ||
		{ echo "FAULT huge pages: $(grep HugePages /proc/meminfo)"; return 1; }
	bench_end || return
	[[ $(huge Free) = 160 ]] || { echo "FAULT huge pages were not given back"; return 1; }
}
