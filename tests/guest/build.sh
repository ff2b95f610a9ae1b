#!/usr/bin/env bash
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build.sh [OUT]: builds the tiny test guest (OUT/tiny.qcow2, OUT/vmlinuz, OUT/initrd.gz) unless it is there already.
# Needs neither root nor mounts; the last line of its output is the path of the image.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
append='console=ttyS0 quiet net.ifnames=0'
# Names without the dependencies, which are found at build time; a name that a kernel has built in is passed over.
wanted='virtio_pci virtio_blk net_failover virtio_net virtio_scsi sd_mod sr_mod ata_piix ahci isofs nls_cp437 nls_ascii
    nls_utf8 nls_iso8859-1 vfat button evdev virtio_console virtio-rng virtio_balloon virtio_mem
    vmw_vsock_virtio_transport virtiofs efivarfs i6300esb e1000 e1000e'

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

check_tools() {
    local pair missing=''
    for pair in mkfs.vfat:dosfstools mcopy:mtools syslinux:syslinux cpio:cpio qemu-img:qemu-utils dpkg:dpkg \
        apt-get:apt sha256sum:coreutils gzip:gzip xz:xz-utils zstd:zstd; do
        command -v "${pair%%:*}" > /dev/null || missing+=" ${pair##*:}"
    done
    [ -z "$missing" ] || die "missing packages:$missing"
    [ "$(dpkg --print-architecture)" = amd64 ] || die "the tiny guest is built on amd64 only"
}

have_lists() { apt-cache policy busybox-static 2> /dev/null | grep '^ *Candidate: [0-9]' > /dev/null; } # not -q: apt-cache would die of SIGPIPE

refresh_lists() {
    have_lists && return
    say 'updating the package lists'
    apt-get update -qq >&2 || die "apt-get update failed"
    have_lists || die "no package busybox-static in the package lists"
}

# The package that holds a kernel image, behind the distribution's cloud or virtual meta package.
kernel_package() {
    local name next
    for name in linux-image-cloud-amd64 linux-image-virtual linux-kvm linux-image-generic linux-image-amd64; do
        while [[ ! $name =~ ^linux-image-[0-9] ]]; do
            next=$(apt-cache depends "$name" 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
            [ -n "$next" ] || continue 2
            name=$next
        done
        printf '%s\n' "$name"
        return
    done
    die 'no kernel package found'
}

# Ubuntu keeps the modules in a package of their own.
packages() {
    local kernel=$1
    printf '%s\n' "$kernel" busybox-static
    apt-cache depends "$kernel" | sed -n 's/^ *Depends: \(linux-modules-[0-9][^ ]*\)$/\1/p'
}

version() { apt-cache policy "$1" | sed -n 's/^ *Candidate: \(.*\)/\1/p'; }

sources() { cat "$here/build.sh" "$here"/files/* | sha256sum | cut -d' ' -f1; }

# Line 1: what we put in; line 2: what the distribution puts in.
stamp() {
    local name
    sources
    for name in "$@"; do printf '%s=%s ' "$name" "$(version "$name")"; done
    printf '\n'
}

complete() { [ -s "$1/tiny.qcow2" ] && [ -s "$1/vmlinuz" ] && [ -s "$1/initrd.gz" ]; }

# Puts a module, uncompressed and with its signature, behind those it depends on.
add_module() {
    local name=${1//-/_} file needs need
    [ -z "${added[$name]:-}" ] || return 0
    added[$name]=yes
    file=${module_file[$name]:-}
    [ -n "$file" ] || return 0
    case $file in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dqc "$file" ;;
    *) cat "$file" ;;
    esac > "$modules/$name.ko"
    needs=$(tr '\0' '\n' < "$modules/$name.ko" | sed -n 's/^depends=//p' | tr ',' ' ')
    for need in $needs; do add_module "$need"; done
    printf '%s.ko\n' "$name" >> "$modules/order"
}

pack_modules() {
    local file name
    modules=$work/root/lib/modules
    declare -gA module_file=() added=()
    mkdir -p "$modules"
    : > "$modules/order"
    while read -r file; do
        name=${file##*/}
        name=${name%%.ko*}
        module_file[${name//-/_}]=$file
    done < <(find "$work/tree" -name '*.ko' -o -name '*.ko.xz' -o -name '*.ko.zst')
    for name in $wanted; do add_module "$name"; done
    [ -s "$modules/order" ] || die 'the kernel package holds no module'
}

pack_initrd() {
    local root=$work/root busybox
    busybox=$(find "$work/tree" -path '*/bin/busybox' | head -n 1)
    [ -n "$busybox" ] || die 'busybox-static holds no busybox'
    mkdir -p "$root"/{bin,sbin,lib,etc,proc,sys,dev,root}
    cp "$busybox" "$root/bin/busybox"
    install -m 755 "$here/files/init" "$root/init"
    install -m 755 "$here"/files/*.sh "$here"/files/*.awk "$root/lib/"
    printf 'root::0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\n' > "$root/etc/group"
    pack_modules
    (cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) | gzip -1n > "$work/initrd.gz"
}

# One FAT file system over the whole disk, made bootable for SeaBIOS: no partition table, hence no loop device.
pack_disk() {
    local raw=$work/tiny.raw
    mkfs.vfat -F 32 -n TINYBOOT -C "$raw" 65536 > /dev/null
    syslinux --install "$raw"
    printf 'SERIAL 0 115200\nDEFAULT tiny\nPROMPT 0\nLABEL tiny\n KERNEL /vmlinuz\n INITRD /initrd.gz\n APPEND %s\n' "$append" \
        > "$work/syslinux.cfg"
    mcopy -i "$raw" "$work/syslinux.cfg" "$work/vmlinuz" "$work/initrd.gz" ::
    qemu-img convert -O qcow2 -c "$raw" "$work/tiny.qcow2"
}

unpack() {
    local deb vmlinuz
    mkdir "$work/debs" "$work/tree"
    (cd "$work/debs" && apt-get -q -o APT::Sandbox::User=root download "$@" > log 2>&1) \
        || die "apt-get download $* failed: $(tail -n 1 "$work/debs/log")"
    for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/tree"; done
    vmlinuz=$(find "$work/tree/boot" -name 'vmlinuz-*' | head -n 1)
    [ -n "$vmlinuz" ] || die "no kernel image in $*"
    cp "$vmlinuz" "$work/vmlinuz"
}

build() {
    local out=$1 want=$2 file
    shift 2
    work=$(mktemp -d "$out/.build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    unpack "$@"
    pack_initrd
    pack_disk
    rm -f "$out/stamp" # first: until the last rename nobody may take the mixture for complete
    for file in vmlinuz initrd.gz tiny.qcow2; do
        chmod 644 "$work/$file"
        mv -f "$work/$file" "$out/$file"
    done
    printf '%s\n' "$want" > "$work/stamp"
    mv -f "$work/stamp" "$out/stamp"
}

# As long as the package lists are older than the image (or gone), asking apt can bring nothing new.
fresh() {
    { [ -f "$1/stamp" ] && complete "$1"; } || return 1
    [ "$(head -n 1 "$1/stamp")" = "$(sources)" ] || return 1
    [ -z "$(find /var/lib/apt/lists -maxdepth 1 -type f -name '*_Packages*' -newer "$1/stamp" -print -quit 2> /dev/null)" ]
}

renew() {
    local out=$1 kernel names want
    refresh_lists
    kernel=$(kernel_package)
    mapfile -t names < <(packages "$kernel")
    want=$(stamp "${names[@]}")
    if complete "$out" && [ "$(cat "$out/stamp" 2> /dev/null)" = "$want" ]; then
        touch "$out/stamp"
        return
    fi
    say "building the tiny guest from ${names[*]}"
    build "$out" "$want" "${names[@]}"
}

main() {
    local out=''
    while [ $# -gt 0 ]; do
        case $1 in
        --with | --with=*) die "not built yet: --with ${2:-${1#--with=}} (agent, ssh and uefi are planned names)" ;;
        -*) die "usage: build.sh [OUT]" ;;
        *) out=$1 ;;
        esac
        shift
    done
    out=${out:-$checkout/.cache/guest}
    check_tools
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    exec 9> "$out/.lock"
    flock 9 # two test runs may ask for the image at the same time
    rm -rf "$out"/.build.*
    fresh "$out" || renew "$out"
    printf '%s\n' "$out/tiny.qcow2"
}

main "$@"
