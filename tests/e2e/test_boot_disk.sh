#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Disk images that boot, made here with the usual tools, with the tiny guest as their kernel.
# usage: test_boot_disk.sh DYNO TINY_GUEST
set -euo pipefail
dyno=$1 kernel=$2
PATH=$PATH:/usr/sbin:/sbin
for tool in mkfs.vfat mke2fs mcopy mmd sfdisk; do
	command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
dir=$(mktemp -d /tmp/dyno-boot-XXXXXX)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export MTOOLS_SKIP_CHECK=1

fail() {
	echo "FAILED: $*" >&2
	exit 1
}
# has TEXT FILE...: the text is in one of the files.
has() {
	local text=$1
	shift
	grep -qF -- "$text" "$@" || { cat "$@" >&2; fail "no \"$text\""; }
}
MIB=1048576
# part IMAGE START_MIB FILE: puts a file system into its partition.
part() { dd if="$3" of="$1" bs=$MIB seek="$2" conv=notrunc status=none; }

# --- file systems -------------------------------------------------------------------------------
head -c 300000 /dev/urandom >initrd

# An EFI system partition with Boot Loader Specification entries, long names and a folder too.
make_esp() { # FILE BITS MIB
	truncate -s "$3M" "$1"
	mkfs.vfat -F "$2" -i 12345678 -n ESP "$1" >/dev/null
	mmd -i "$1" ::/loader ::/loader/entries ::/debian ::/EFI ::/EFI/Linux
	mcopy -i "$1" "$kernel" "::/debian/linux kernel 6.1.elf"
	mcopy -i "$1" "$kernel" ::/debian/vmlinuz-6.1.0-some-rather-long-name-amd64
	mcopy -i "$1" initrd ::/debian/initrd.img
	cat >one.conf <<-END
		# comment
		title   Debian (old)
		version 6.1.9
		linux   /debian/vmlinuz-6.1.0-some-rather-long-name-amd64
		initrd  /debian/initrd.img
		options root=UUID=1 ro
		options hello
	END
	cat >two.conf <<-END
		title   Debian
		version 6.1.10
		linux   /debian/vmlinuz-6.1.0-some-rather-long-name-amd64
		options hello
	END
	printf 'title Lost\nlinux /nowhere\n' >lost.conf
	mcopy -i "$1" one.conf ::/loader/entries/debian-6.1.9.conf
	mcopy -i "$1" two.conf ::/loader/entries/debian-6.1.10.conf
	mcopy -i "$1" lost.conf ::/loader/entries/lost.conf
	printf 'timeout 3\ndefault debian-6.1.9*\n' >loader.conf
	mcopy -i "$1" loader.conf ::/loader/loader.conf
}

# A root with GRUB, as update-grub leaves it.
make_root() { # FILE MIB
	local uuid=0b1c2d3e-1111-2222-3333-444455556666
	rm -rf root && mkdir -p root/boot/grub root/etc
	cp "$kernel" root/boot/vmlinuz-6.1.0-18-amd64
	cp initrd root/boot/initrd.img-6.1.0-18-amd64
	ln -s vmlinuz-6.1.0-18-amd64 root/boot/vmlinuz
	cat >root/boot/grub/grub.cfg <<-END
		if [ -s \$prefix/grubenv ]; then
		  set have_grubenv=true
		  load_env
		fi
		if [ "\${next_entry}" ] ; then
		   set default="\${next_entry}"
		else
		   set default="0"
		fi
		if [ x"\${feature_menuentry_id}" = xy ]; then
		  menuentry_id_option="--id"
		else
		  menuentry_id_option=""
		fi
		function load_video {
		  if [ x\$feature_all_video_module = xy ]; then
		    insmod all_video
		  fi
		}
		menuentry 'Debian GNU/Linux' --class debian \$menuentry_id_option 'gnulinux-simple-$uuid' {
		  load_video
		  insmod gzio
		  if [ x\$grub_platform = xxen ]; then insmod xzio; insmod lzopio; fi
		  set root='hd0,gpt7'
		  if [ x\$feature_platform_search_hint = xy ]; then
		    search --no-floppy --fs-uuid --set=root --hint-bios=hd0,gpt2 $uuid
		  else
		    search --no-floppy --fs-uuid --set=root $uuid
		  fi
		  echo 'Loading Linux ...'
		  linux /boot/vmlinuz-6.1.0-18-amd64 root=UUID=$uuid ro quiet hello
		  initrd /boot/initrd.img-6.1.0-18-amd64
		}
		submenu 'Advanced options' \$menuentry_id_option 'advanced' {
		  menuentry 'Debian, recovery mode' \$menuentry_id_option 'recovery' {
		    search --no-floppy --fs-uuid --set=root $uuid
		    linux /boot/vmlinuz-6.1.0-18-amd64 root=UUID=$uuid ro single hello
		  }
		}
	END
	truncate -s "$2M" "$1"
	mke2fs -q -t ext4 -U "$uuid" -L rootfs -d root "$1"
}

# --- GPT: ESP with entries, and a root ----------------------------------------------------------
make_esp esp32 32 40
make_root rootfs 20
truncate -s 64M gpt.img
sfdisk -q gpt.img <<-END
	label: gpt
	start=1MiB, size=40MiB, type=uefi
	start=42MiB, size=20MiB, type=linux
END
part gpt.img 1 esp32
part gpt.img 42 rootfs
"$dyno" boot-entries gpt.img >list
has '* 1  Debian (old)' list
has '  0  Debian' list
has 'options  root=UUID=1 ro hello' list
has 'on       partition 1, vfat' list
grep -q Lost list && fail "an entry without its kernel is listed"

# --- GRUB on the second partition -----------------------------------------------------------------
truncate -s 32M grub.img
sfdisk -q grub.img <<-END
	label: gpt
	start=1MiB, size=4MiB, type=uefi
	start=8MiB, size=20MiB, type=linux
END
part grub.img 8 rootfs
"$dyno" boot-entries grub.img >list
has '* 0  Debian GNU/Linux' list
has 'root=UUID=0b1c2d3e-1111-2222-3333-444455556666 ro quiet hello' list
has 'initrd   /boot/initrd.img-6.1.0-18-amd64' list
has '  1  Debian, recovery mode' list
has 'on       partition 2, ext4' list
"$dyno" boot-entries --json grub.img | grep -q '"default": true' || fail "no default in JSON"

# --- the choice that GRUB saved -------------------------------------------------------------------
printf '# GRUB Environment Block\nnext_entry=advanced>recovery\n####\n' >root/boot/grub/grubenv
truncate -s 20M saved.img
mke2fs -q -t ext4 -d root saved.img
"$dyno" boot-entries saved.img >list
has '* 1  Debian, recovery mode' list

# --- MBR, FAT12 and FAT16; no table; no boot loader -------------------------------------------------
for bits in 12 16; do
	make_esp "fat$bits" "$bits" $((bits == 12 ? 4 : 20))
	truncate -s 32M "mbr$bits.img"
	printf 'label: dos\nstart=1MiB, size=1MiB, type=83\nstart=3MiB, type=5\nstart=4MiB, size=22MiB, type=ef\n' |
		sfdisk -q "mbr$bits.img"
	part "mbr$bits.img" 4 "fat$bits"
	"$dyno" boot-entries "mbr$bits.img" >list
	has '* 1  Debian (old)' list
	has 'on       partition 5, vfat' list
done
rm -rf root/boot/grub
truncate -s 20M plain.img
mke2fs -q -t ext2 -U 0b1c2d3e-1111-2222-3333-444455556666 -d root plain.img
"$dyno" boot-entries plain.img >list
has '* 0  /boot/vmlinuz' list
has 'options  root=/dev/vda ro' list

# --- images of other formats ----------------------------------------------------------------------
if command -v qemu-img qemu-nbd >/dev/null; then
	qemu-img convert -O qcow2 grub.img grub.qcow2
	"$dyno" boot-entries grub.qcow2 >list
	has '* 0  Debian GNU/Linux' list
	: >nothing.qcow2
	"$dyno" boot-entries nothing.qcow2 >out 2>&1 && fail "an empty qcow2 is taken"
	has 'qcow2 format' out
fi

# --- what cannot be booted says why -----------------------------------------------------------------
refused() { # TEXT IMAGE
	"$dyno" boot-entries "$2" >out 2>&1 && fail "$2 is taken"
	has "$1" out
}
truncate -s 1M empty.img
refused 'no file system that is known' empty.img
: >nothing.img
refused 'nothing.img' nothing.img
truncate -s 20M swap.img && mkswap swap.img >/dev/null 2>&1 && refused swap swap.img
cp esp32 lost.img && mdel -i lost.img ::/debian/vmlinuz-6.1.0-some-rather-long-name-amd64
refused 'wants /debian/vmlinuz-6.1.0-some-rather-long-name-amd64, which is not there' lost.img
cp esp32 cut.img && truncate -s 3M cut.img
refused 'damaged' cut.img
# Damage everywhere, the same in every run: never more than a message.
damage() { # IMAGE OFFSET...
	local image=$1 at
	shift
	for at; do
		printf -v bytes '\\x%02x\\x%02x\\x%02x' $((RANDOM % 256)) $((RANDOM % 256)) $((RANDOM % 256))
		printf '%b' "$bytes" | dd of="$image" bs=1 seek="$at" conv=notrunc status=none
	done
}
for seed in 1 2 3 4 5 6 7 8; do
	RANDOM=$seed
	cp esp32 broken.img
	damage broken.img 11 13 16 17 22 36 44 512 16384 17000 20000 33000
	timeout 60 "$dyno" boot-entries broken.img >out 2>&1 || [[ $? = 2 ]] || fail "seed $seed: status $?"
	cp rootfs broken.img
	damage broken.img 1024 1028 1048 1064 1112 1120 2048 2056 4096 8192 40960
	timeout 60 "$dyno" boot-entries broken.img >out 2>&1 || [[ $? = 2 ]] || fail "seed $seed: status $?"
	grep -q crashed out && fail "the reader crashed (seed $seed)"
done

# --- and they boot ----------------------------------------------------------------------------------
if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "the images were read; nothing was booted: no /dev/kvm"
	exit 0
fi
boots() { # arguments of dyno vm
	"$dyno" vm --net none --out res --append 'console=ttyS0 hello' "$@" </dev/null >out 2>err || { cat out err >&2; fail "$*: status $?"; }
	has done out
}
boots --disk gpt.img,overlay=memory
has 'modules=0000000000000001' out
has 'tiny: hello' out
boots --disk gpt.img,ro --entry debian-6.1.10
has 'modules=0000000000000000' out
boots --disk grub.img,ro --entry '*recovery*'
boots --disk mbr12.img,ro
if [[ -e grub.qcow2 ]]; then
	boots --disk grub.qcow2,ro
	has 'modules=0000000000000001' out
fi
cat >boot.yaml <<-END
	end_when: guests-ended
	guests:
	  a:
	    disks: [{ file: empty.img }, { file: grub.img }]
	    boot: { disk: 1, entry: 0 }
	checks: [{ console: { guest: a, match: '^modules=0*1$' } }]
END
"$dyno" run --out res boot.yaml >out 2>err || { cat out err >&2; fail "scenario"; }
has 'boots "Debian GNU/Linux"' err
"$dyno" vm --disk grub.img,ro --entry none --net none --out res </dev/null >out 2>&1 && fail "an unknown entry boots"
has 'no boot entry "none"' out
echo "all images were read and booted"
