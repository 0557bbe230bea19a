# SPDX-License-Identifier: Apache-2.0
# Folders of the host by virtio-fs and virtio-9p: what is there, what is written, random work;
# and stress-ng on both.
kernels=(guest)
modules=(virtio_pci virtiofs 9pnet_virtio 9p)
needs=(diod)
packages=(stress-ng)
programs=(stress-ng)
files=("$built/fs_stress=/bin/fs_stress")
limit=240

inside() {
	local k
	for k in fs nine; do
		mkdir -p "$tmp/$k"
		echo "from the host" >"$tmp/$k/hello"
	done
	bench || return
	for k in fs nine; do
		[[ $(cat "$tmp/$k/moved") = "from the guest" ]] || { echo "FAULT $k: what the guest wrote is not here"; return 1; }
		[[ ! -e $tmp/$k/made ]] || { echo "FAULT $k: the old name is still here"; return 1; }
	done
}
