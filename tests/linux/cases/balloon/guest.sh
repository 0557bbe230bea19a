# SPDX-License-Identifier: Apache-2.0
total() { sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo; }
first=$(total)
echo "TOTAL $first"
ready
mkdir -p /mnt
mount -t tmpfs -o size=300M fill /mnt
dd if=/dev/zero of=/mnt/a bs=1M count=100 2>/dev/null
echo "FILLED"
read -r word
rm /mnt/a
echo "FREED"
smaller() { [ "$(total)" -lt $((first - 200000)) ]; }
larger() { [ "$(total)" -ge "$first" ]; }
await 40 smaller && echo "SMALL $(total)"
await 40 larger && echo "LARGE $(total)"
dmesg_known='^$'
