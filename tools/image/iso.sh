#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the hybrid ISO: as a CD it boots by BIOS (El Torito, GRUB's CD image) and by UEFI (El Torito,
# the EFI system partition); written to a USB stick it does the same by its MBR and its GPT.
# Usage: iso.sh OUT CD.IMG HYBRID.IMG SYSTEM.FAT GRUB.CFG KERNEL INITRD
set -eu

out=$1 cd=$2 hybrid=$3 system=$4 config=$5 kernel=$6 initrd=$7
: "${SOURCE_DATE_EPOCH:?the date for the files}"
export SOURCE_DATE_EPOCH TZ=UTC

# SOURCE_DATE_EPOCH makes xorriso take all dates and identities from it.
rm -f "$out"
xorriso -report_about SORRY -as mkisofs \
    -o "$out" -V KOZO -r -J \
    --set_all_file_dates "=$SOURCE_DATE_EPOCH" \
    -graft-points \
    -b boot/grub/cd.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    --grub2-mbr "$hybrid" --protective-msdos-label \
    -append_partition 2 0xef "$system" -appended_part_as_gpt \
    -eltorito-alt-boot -e --interval:appended_partition_2:all:: -no-emul-boot \
    "boot/kozo.elf=$kernel" \
    "boot/initrd.cpio=$initrd" \
    "boot/grub/grub.cfg=$config" \
    "boot/grub/cd.img=$cd"
