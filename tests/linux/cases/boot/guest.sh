# SPDX-License-Identifier: Apache-2.0
echo "CPUS $(grep -c '^processor' /proc/cpuinfo)"
echo "MEMORY_MIB $(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024))"
echo "CLOCK $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
n=$(dd if=/dev/hwrng bs=1024 count=1 iflag=fullblock 2>/dev/null | wc -c)
echo "RNG $(cat /sys/class/misc/hw_random/rng_current) $n bytes"
echo "hvc0 speaks" >/dev/hvc0
ready
