# SPDX-License-Identifier: Apache-2.0
echo "CPUS $(grep -c '^processor' /proc/cpuinfo)"
echo "MEMORY_MIB $(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024))"
echo "CLOCK $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
n=$(dd if=/dev/hwrng bs=1024 count=1 iflag=fullblock 2>/dev/null | wc -c)
echo "RNG $(cat /sys/class/misc/hw_random/rng_current) $n bytes"
echo "hvc0 speaks" >/dev/hvc0

# Interrupts and timer, as the processor's flags promise them: the KVM of a host may not.
x2apic=$(dmesg | grep -iE 'x2apic.*enabled|routing to.*x2apic' | tail -n 1)
if grep -qw x2apic /proc/cpuinfo; then
	[ -n "$x2apic" ] && ok "x2APIC: ${x2apic#*] }" || fault "x2APIC: Linux does not use it"
else
	echo "NO X2APIC: this KVM does not offer it"
fi
timer=$(cat /sys/devices/system/clockevents/clockevent0/current_device)
if grep -qw tsc_deadline_timer /proc/cpuinfo; then
	[ "$timer" = lapic-deadline ] && ok "timer: $timer" || fault "timer: $timer"
else
	echo "NO TSC DEADLINE: this KVM does not offer it; the timer is $timer"
fi
kinds=$(cat /sys/bus/virtio/devices/*/../msi_irqs/* | sort -u)
n=$(grep -c 'PCI-MSI.* virtio' /proc/interrupts)
[ "$kinds" = msix ] && [ "$n" -ge 3 ] && ok "MSI-X: $n vectors of virtio" || fault "MSI-X: $kinds, $n vectors"
ready
