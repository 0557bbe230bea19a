# SPDX-License-Identifier: Apache-2.0
[ ! -e /sys/bus/pci/devices/0000:00:01.0 ] && ok "no PCI device"
n=$(ls -d /sys/bus/platform/devices/virtio-mmio* | wc -l)
[ "$n" = 7 ] && ok "$n devices on virtio-mmio" || fault "$n devices on virtio-mmio"
n=$(dd if=/dev/hwrng bs=1024 count=1 iflag=fullblock 2>/dev/null | wc -c)
echo "RNG $(cat /sys/class/misc/hw_random/rng_current) $n bytes"
echo "hvc0 speaks" >/dev/hvc0
echo "SUM $(md5sum </dev/vda | cut -d' ' -f1)"
dd if=/dev/zero of=/dev/vda bs=1M count=8 conv=fsync 2>/dev/null && ok "the disk takes writes"
guest_check picture &
guest_check inputs &
sleep 1
ready
# The bench touches and looks, then presses the power button.
button
