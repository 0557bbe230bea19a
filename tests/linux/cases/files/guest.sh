# SPDX-License-Identifier: Apache-2.0
mkdir -p /fs /ro /nine /nine_ro
nine=trans=virtio,version=9p2000.L,msize=65536
check fs.mount mount -t virtiofs fs /fs
check ro.mount mount -t virtiofs ro /ro
check nine.mount mount -t 9p -o $nine,cache=mmap nine /nine
check nine_ro.mount mount -t 9p -o $nine nine_ro /nine_ro
ready

# try FOLDER MIB COMMAND...: what the host laid there, what we lay there, random work.
try() {
	check "$1.read" grep -qx 'from the host' "/$1/hello"
	echo "from the guest" >"/$1/made"
	check "$1.rename" mv "/$1/made" "/$1/moved"
	check "$1.link" ln -s moved "/$1/link"
	check "$1.follow" grep -qx 'from the guest' "/$1/link"
	check "$1.big" dd if=/dev/urandom of="/$1/big" bs=1M count=$2 conv=fsync
	check "$1.copy" cp "/$1/big" /dev/shm/big
	check "$1.again" umount "/$1"
	shift 2
	check "$@"
}
try fs 8 fs.remount mount -t virtiofs fs /fs
check fs.same cmp /fs/big /dev/shm/big
try nine 2 nine.remount mount -t 9p -o $nine,cache=mmap nine /nine
check nine.same cmp /nine/big /dev/shm/big

start=$(cut -d' ' -f1 /proc/uptime)
mkdir /fs/work /nine/work
check fs.stress fs_stress /fs/work 1 1500 mmap
check nine.stress fs_stress /nine/work 2 500 mmap
# All of these at a time; each looks whether what it wrote, made, renamed and removed is so. Not
# `filename`: it looks at its time only after thousands of names, one after the other.
mkdir /fs/hard /nine/hard
hard="--dentry 1 --dentries 16 --dir 1 --dir-dirs 64 --hdd 1 --hdd-bytes 1m --seek 1 --seek-size 1m --rename 1 --fstat 1 --utime 1
	--chmod 1 --readahead 1 --readahead-bytes 1m"
unlinked="--sync-file 1 --sync-file-bytes 1m --revio 1 --revio-bytes 1m"
check fs.stress_ng timeout -s KILL 90 stress-ng --verify --timeout 2 --temp-path /fs/hard $hard $unlinked
# diod shortens a file by its name: one that has none any more it does not find.
check nine.stress_ng timeout -s KILL 90 stress-ng --verify --timeout 2 --temp-path /nine/hard $hard
echo "FIGURE stress_from_$start to_$(cut -d' ' -f1 /proc/uptime) s"

for d in ro nine_ro; do
	check $d.read grep -qx 'from the host' /$d/hello
	touch /$d/mine 2>/dev/null && fault "$d: a file could be made" || ok "$d.write"
	rm /$d/hello 2>/dev/null && fault "$d: a file could be removed" || ok "$d.remove"
done
check unmount umount /fs /ro /nine /nine_ro
