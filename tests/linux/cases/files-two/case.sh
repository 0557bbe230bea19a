# SPDX-License-Identifier: Apache-2.0
# One folder, two guests, each with a virtiofsd of its own: what one writes the other reads.
kernels=(guest)
guests=(writer reader)
limit=60

inside() {
	mkdir -p "$tmp/shared"
	bench
}
