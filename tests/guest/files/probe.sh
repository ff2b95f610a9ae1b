# shellcheck shell=dash
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Sourced by init: what hardware the guest sees, one function per fact.

# shellcheck source=tests/guest/files/say.sh
. /lib/say.sh

text_at() { dd if="$1" bs=1 skip="$2" count="$3" 2> /dev/null | tr -d '\000' | sed 's/ *$//'; }
hex_at() { hexdump -v -s "$2" -n "$3" -e '1/1 "%02x"' "$1"; }

# The PCI address of a device in sysfs: the last one on its path, or nothing.
pci_address() {
    readlink -f "$1" | grep -oE '/[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]' | tail -n 1 | tr -d /
}

fat_label() { # the boot sector's label counts only when it was ever set
    fstype=vfat
    label=$(text_at "$1" "$2" 11)
    [ "$label" = "NO NAME" ] && label=
}

# Sets fstype and label from the first 40 KiB of a device.
filesystem() {
    fstype='' label=''
    head=/run/head
    dd if="/dev/$1" of=$head bs=4096 count=10 2> /dev/null || return # a drive without a disk
    [ "$(wc -c < $head)" -ge 4096 ] || return
    if [ "$(text_at $head 32769 5)" = CD001 ]; then
        fstype=iso9660 label=$(text_at $head 32808 32)
    elif [ "$(text_at $head 82 5)" = FAT32 ]; then
        fat_label $head 71
    elif text_at $head 54 5 | grep -qE '^FAT1[26]'; then
        fat_label $head 43
    elif [ "$(hex_at $head 1080 2)" = 53ef ]; then
        fstype=ext4 label=$(text_at $head 1144 16)
        [ $((0x$(hex_at $head 1120 1) & 0x40)) -ne 0 ] || { fstype=ext3; [ $((0x$(hex_at $head 1116 1) & 4)) -ne 0 ] || fstype=ext2; }
    elif [ "$(text_at $head 4086 10)" = SWAPSPACE2 ]; then
        fstype=swap label=$(text_at $head 1052 16)
    elif [ "$(text_at $head 0 4)" = XFSB ]; then
        fstype=xfs label=$(text_at $head 108 12)
    elif [ "$(text_at $head 3 4)" = NTFS ]; then
        fstype=ntfs
    elif [ "$(hex_at $head 0 6)" = 4c554b53babe ]; then
        fstype=crypto_LUKS
    fi
}

disk_serial() {
    if [ -r "$1/serial" ]; then read_line "$1/serial"
    elif [ -r "$1/device/serial" ]; then read_line "$1/device/serial" | sed 's/ *$//'
    elif [ -r "$1/device/vpd_pg80" ]; then tail -c +5 "$1/device/vpd_pg80" 2> /dev/null | tr -d '\000' | sed 's/^ *//; s/ *$//'
    fi
}

# One disk; remembers the first config drive in $drive, $drive_label and $drive_fstype.
probe_disk() {
    sys=/sys/block/$1
    filesystem "$1"
    driver=$(readlink -f "$sys/device/driver")
    say disk "name=$1" "bytes:=$(($(cat "$sys/size") * 512))" "serial:=$(quoted "$(disk_serial "$sys")")" \
        "label:=$(quoted "$label")" "fstype:=$(quoted "$fstype")" "removable:=$(flag "$(cat "$sys/removable")")" \
        "read_only:=$(flag "$(cat "$sys/ro")")" "driver:=$(quoted "${driver##*/}")" \
        "pci:=$(quoted "$(pci_address "$sys")")" "wwid:=$(quoted "$(read_line "$sys/device/wwid")")"
    case "$label" in
    config-2 | CONFIG-2 | cidata | CIDATA)
        [ -n "$drive" ] || { drive=/dev/$1 drive_label=$label drive_fstype=$fstype; } ;;
    esac
}

flag() { [ "$1" = 1 ] && echo true || echo false; }

probe_disks() {
    # shellcheck disable=SC2034  # for init
    drive='' drive_label='' drive_fstype=''
    for block in /sys/block/*; do
        case "${block##*/}" in loop* | ram* | '*') ;; *) probe_disk "${block##*/}" ;; esac
    done
}

probe_nic() {
    sys=/sys/class/net/$1
    driver=$(readlink -f "$sys/device/driver")
    say nic "name=$1" "mac=$(cat "$sys/address")" "driver:=$(quoted "${driver##*/}")" "mtu:=$(cat "$sys/mtu")" \
        "pci:=$(quoted "$(pci_address "$sys/device")")"
}

distinct() { grep "^$1" /proc/cpuinfo | sort -u | wc -l; }

probe_cpu() {
    count=$(grep -c ^processor /proc/cpuinfo)
    sockets=$(distinct 'physical id')
    cores=$(awk -F': *' '/^cpu cores/ {print $2; exit}' /proc/cpuinfo)
    threads=''
    [ "${sockets:-0}" -gt 0 ] && [ "${cores:-0}" -gt 0 ] && threads=$((count / sockets / cores))
    say cpu "count:=$count" "model=$(awk -F': *' '/^model name/ {print $2; exit}' /proc/cpuinfo)" "sockets:=$sockets" \
        "cores:=$cores" "threads:=$threads" "flags:=$(list "$(awk -F': *' '/^flags/ {print $2; exit}' /proc/cpuinfo)")"
}

probe_memory() {
    say memory "kib:=$(awk '/^MemTotal/ {print $2}' /proc/meminfo)" \
        "huge_pages:=$(awk '/^HugePages_Total/ {print $2}' /proc/meminfo)" \
        "huge_page_kib:=$(awk '/^Hugepagesize/ {print $2}' /proc/meminfo)"
    nodes=0 cells=
    for node in /sys/devices/system/node/node[0-9]*; do
        [ -d "$node" ] || continue
        nodes=$((nodes + 1))
        cells="$cells${cells:+, }$(json "id:=${node##*/node}" "cpus=$(cat "$node/cpulist")" \
            "kib:=$(awk '/MemTotal/ {print $4}' "$node/meminfo")")"
    done
    say numa "nodes:=$nodes" "cells:=[$cells]"
}

probe_platform() {
    dmi=/sys/class/dmi/id
    say dmi "vendor:=$(quoted "$(read_line $dmi/sys_vendor)")" "product:=$(quoted "$(read_line $dmi/product_name)")" \
        "version:=$(quoted "$(read_line $dmi/product_version)")" "uuid:=$(quoted "$(read_line $dmi/product_uuid)")" \
        "serial:=$(quoted "$(read_line $dmi/product_serial)")" "family:=$(quoted "$(read_line $dmi/product_family)")" \
        "asset_tag:=$(quoted "$(read_line $dmi/chassis_asset_tag)")"
    kind=bios secure=false
    if [ -d /sys/firmware/efi ]; then
        kind=efi
        mount -t efivarfs efivarfs /sys/firmware/efi/efivars 2> /dev/null
        for variable in /sys/firmware/efi/efivars/SecureBoot-*; do
            [ -r "$variable" ] && [ "$(tail -c 1 "$variable" | hexdump -e '1/1 "%02x"')" = 01 ] && secure=true
        done
    fi
    say firmware "type=$kind" "secure_boot:=$secure"
}

# Only the full guest has the agent.
start_agent() {
    [ -x /usr/sbin/qemu-ga ] || { echo false; return; }
    mkdir -p /var/run
    if qemu-ga -d -m virtio-serial -p "/dev/$1" -t /run -f /run/qga.pid -l /run/qga.log > /dev/null 2>&1; then echo true; else echo false; fi
}

# Devices that are said only when they are there.
probe_extras() {
    rng=$(read_line /sys/class/misc/hw_random/rng_current)
    [ -z "$rng" ] || [ "$rng" = none ] || say rng "device=$rng"
    [ -d /sys/class/tpm/tpm0 ] && say tpm "version:=$(quoted "$(read_line /sys/class/tpm/tpm0/tpm_version_major)")"
    for device in /sys/bus/pci/devices/*; do # the cloud kernel has no driver for the model that libvirt emulates
        [ "$(cat "$device/vendor" "$device/device" 2> /dev/null | tr -d '\n')" = 0x80860x25ab ] \
            && say watchdog device=i6300esb "identity:=$(quoted "$(read_line /sys/class/watchdog/watchdog0/identity)")" \
                "pci=${device##*/}"
    done
    for port in /sys/class/virtio-ports/*; do
        [ "$(read_line "$port/name")" = org.qemu.guest_agent.0 ] \
            && say agent "channel=org.qemu.guest_agent.0" "device=${port##*/}" "running:=$(start_agent "${port##*/}")"
    done
}
