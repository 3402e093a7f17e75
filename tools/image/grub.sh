#!/bin/sh
# SPDX-License-Identifier: MIT
# Puts GRUB's pieces together from the modules of the installed packages.
# Usage: grub.sh BOOT.IMG CORE.IMG HYBRID.IMG CD.IMG BOOTX64.EFI
set -eu

boot=$1 core=$2 hybrid=$3 cd=$4 efi=$5
grub=${GRUB_FOLDER:-/usr/lib/grub}

# All modules are inside the images: nothing is loaded from the disk before grub.cfg.
modules='multiboot2 serial normal'
files='fat part_gpt'

cp "$grub/i386-pc/boot.img" "$boot"
cp "$grub/i386-pc/boot_hybrid.img" "$hybrid"
chmod 644 "$boot" "$hybrid"

# On the disk image GRUB's files are in the second partition of the disk it was loaded from; on a CD or
# a stick they are in the ISO file system; on UEFI, where BOOTX64.EFI came from.
grub-mkimage -d "$grub/i386-pc" -O i386-pc -p '(,gpt2)/boot/grub' -o "$core" biosdisk $files $modules
grub-mkimage -d "$grub/i386-pc" -O i386-pc-eltorito -p /boot/grub -o "$cd" biosdisk iso9660 $modules
grub-mkimage -d "$grub/x86_64-efi" -O x86_64-efi -p /boot/grub -o "$efi" iso9660 part_msdos $files $modules
