# SPDX-License-Identifier: Apache-2.0
mkdir -p /shared
check mount mount -t virtiofs shared /shared
ready
if [ "$(param role)" = writer ]; then
	dd if=/dev/urandom of=/shared/part bs=64k count=32 2>/dev/null
	sha256sum </shared/part >/shared/sum
	sync
	check offer mv /shared/part /shared/whole
	await 30 test -e /shared/answer
	check answer cmp /shared/sum /shared/answer
	touch /shared/done
else
	await 30 test -e /shared/whole
	sha256sum </shared/whole >/shared/mine
	check same cmp /shared/mine /shared/sum
	check answer mv /shared/mine /shared/answer
	await 30 test -e /shared/done
fi
check unmount umount /shared
