# SPDX-License-Identifier: Apache-2.0
echo "CPUS $(grep -c '^processor' /proc/cpuinfo)"
echo "MIB $(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024))"
dmesg | grep 'BIOS-e820.*usable'
ready
sleep 2
