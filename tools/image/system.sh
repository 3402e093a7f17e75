#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the EFI system partition: a FAT file system with GRUB for UEFI, its configuration, kernel and
# initrd. Serial number and dates are fixed: mtools takes "now" from SOURCE_DATE_EPOCH.
# Usage: system.sh OUT BOOTX64.EFI GRUB.CFG KERNEL INITRD
set -eu

out=$1 efi=$2 config=$3 kernel=$4 initrd=$5
: "${SOURCE_DATE_EPOCH:?the date for the files}"
export SOURCE_DATE_EPOCH TZ=UTC MTOOLSRC=/dev/null MTOOLS_SKIP_CHECK=1

# A FAT32 file system has at least 65525 clusters, here of one sector; a quarter is left free.
contents=$(cat "$efi" "$config" "$kernel" "$initrd" | wc -c)
mib=$((contents * 5 / 4 / 1048576 + 1))
[ "$mib" -ge 34 ] || mib=34

rm -f "$out"
mformat -C -i "$out" -F -c 1 -h 64 -s 32 -T $((mib * 2048)) -N 4b4f5a4f -v KOZO ::
mmd -i "$out" ::/EFI ::/EFI/BOOT ::/boot ::/boot/grub
mcopy -i "$out" "$efi" ::/EFI/BOOT/BOOTX64.EFI
mcopy -i "$out" "$config" ::/boot/grub/grub.cfg
mcopy -i "$out" "$kernel" ::/boot/kozo.elf
mcopy -i "$out" "$initrd" ::/boot/initrd.cpio
