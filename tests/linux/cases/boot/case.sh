# SPDX-License-Identifier: Apache-2.0
# Stock kernels boot to user space, with little memory, and with memory on both sides of the PCI hole.
kernels=(cloud generic guest)
modules=(virtio_pci virtio-rng virtio_console button rtc-cmos)
limit=75

inside() {
	case $kernel in
	cloud) bench MEMORY=128M 'MIB=[0-9]{2}' ;;
	generic) bench CPUS=2 MEMORY=4G 'MIB=3[0-9]{3}' ;;
	guest)
		bench CPUS=2 MEMORY=128M 'MIB=[0-9]{2,3}' &&
			bench "KERNEL=$folder/vmlinux" CPUS=1 MEMORY=256M 'MIB=2[0-9]{2}'
		;;
	esac
}
