# SPDX-License-Identifier: Apache-2.0
# The kernel's vsock_test between two guests, each as server and as client, and socat.
packages=(socat)
programs=(socat)
files=("$out/vsock_test=/bin/vsock_test")
guests=(one two)
limit=200

prepare() {
	local tests
	tests=$("$root/assets/linux/build-kernel-tests") || return
	cp "$tests/vsock_test" "$out/"
}
