#!/usr/bin/env bash
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# build.sh [--full] [OUT]: builds the tiny test guest (OUT/tiny.qcow2, OUT/vmlinuz, OUT/initrd.gz), or the full one
# (OUT/full.qcow2), unless it is there already. Needs neither root nor mounts; the last line of its output is the image's path.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(cd "$here/../.." && pwd)
# A busy machine gives an emulated guest too little time for the kernel's check of its timer, which ends in a panic.
append='console=ttyS0 quiet net.ifnames=0 no_timer_check'
# Names without the dependencies, which are found at build time; a name that a kernel has built in is passed over.
wanted='virtio_pci virtio_blk net_failover virtio_net virtio_scsi sd_mod sr_mod ata_piix ahci isofs nls_cp437 nls_ascii
    nls_utf8 nls_iso8859-1 vfat button evdev virtio_console virtio-rng virtio_balloon virtio_mem
    vmw_vsock_virtio_transport virtiofs efivarfs i6300esb e1000 e1000e'
# What only the full guest knows; USB first, because its devices take their time.
wanted_more='xhci_pci ehci_pci uhci_hcd usb_storage uas usbhid vmxnet3 8139cp pcnet32 virtio_iommu virtio_input'
snakeoil=/usr/share/ovmf/PkKek-1-snakeoil # the key that the firmware OVMF_CODE_4M.snakeoil.fd trusts; everybody knows it

say() { printf '%s\n' "$*" >&2; }
die() { say "build.sh: $*"; exit 1; }

check_tools() {
    local pair missing='' more=''
    [ $kind = tiny ] || more='ldd:libc-bin objcopy:binutils sbsign:sbsigntool openssl:openssl'
    for pair in mkfs.vfat:dosfstools mcopy:mtools syslinux:syslinux cpio:cpio qemu-img:qemu-utils dpkg:dpkg \
        apt-get:apt sha256sum:coreutils gzip:gzip xz:xz-utils zstd:zstd tar:tar $more; do
        command -v "${pair%%:*}" > /dev/null || missing+=" ${pair##*:}"
    done
    [ $kind = tiny ] || [ -r $snakeoil.key ] || missing+=' ovmf'
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

# The package that holds a kernel image, behind the first of these meta packages that the distribution has.
kernel_package() {
    local name next
    for name in "$@"; do
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

# Ubuntu keeps the modules in packages of their own, and those for rarer devices in one more, which is large.
kernel_packages() {
    local more=${1/#linux-image-/linux-modules-extra-}
    printf '%s\n' "$1"
    apt-cache depends "$1" | sed -n 's/^ *Depends: \(linux-modules-[0-9][^ ]*\)$/\1/p'
    if [ $kind = full ] && [ -n "$(version "$more")" ]; then printf '%s\n' "$more"; fi
}

# Sets the packages of the guest; the tiny one's kernel is made for the cloud, the full one's for any machine.
choose_packages() {
    local metas='linux-image-amd64 linux-image-generic'
    tools=(busybox-static)
    if [ $kind = tiny ]; then
        metas="linux-image-cloud-amd64 linux-image-virtual linux-kvm linux-image-generic linux-image-amd64"
    else
        tools+=(qemu-guest-agent systemd-boot-efi)
    fi
    # shellcheck disable=SC2086  # words
    mapfile -t kernels < <(kernel_packages "$(kernel_package $metas)")
}

version() { apt-cache policy "$1" | sed -n 's/^ *Candidate: \(.*\)/\1/p'; }

sources() { cat "$here/build.sh" "$here"/files/* | sha256sum | cut -d' ' -f1; }

# Line 1: what we put in; line 2: what the distribution puts in.
stamp_text() {
    local name
    sources
    for name in "$@"; do printf '%s=%s ' "$name" "$(version "$name")"; done
    printf '\n'
}

complete() {
    local name
    for name in $products; do [ -s "$1/$name" ] || return 1; done
}

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
    modules=$1/lib/modules
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

# The guest agent with the libraries that it is linked to, which are the machine's own.
add_agent() {
    local root=$1 agent library
    agent=$(find_one "$work/tools" '*/sbin/qemu-ga')
    ! ldd "$agent" | grep "not found" >&2 || die "the guest agent needs libraries that this machine lacks"
    install -D -m 755 "$agent" "$root/usr/sbin/qemu-ga"
    ldd "$agent" | grep -oE '/[^ ]+' | while read -r library; do install -D -m 755 "$library" "$root$library"; done
}

find_one() { # find_one DIRECTORY PATTERN: a file that must be there
    local found
    found=$(find "$1" -path "$2" -print -quit)
    [ -n "$found" ] || die "no $2 in the packages"
    printf '%s\n' "$found"
}

pack_initrd() {
    local root=$work/root
    mkdir -p "$root"/{bin,sbin,lib,etc,proc,sys,dev,root}
    cp "$(find_one "$work/tools" '*/bin/busybox')" "$root/bin/busybox"
    install -m 755 "$here/files/init" "$root/init"
    install -m 755 "$here"/files/*.sh "$here"/files/*.awk "$root/lib/"
    printf 'root::0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
    printf 'root:x:0:\n' > "$root/etc/group"
    pack_modules "$root"
    [ $kind = tiny ] || add_agent "$root"
    (cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) | gzip -1n > "$work/initrd.gz"
}

# Kernel, initial file system and command line in one signed file: what a firmware with Secure Boot starts, and any other too.
pack_efi() {
    local stub base section at add=()
    stub=$(find_one "$work/tools" '*/linuxx64.efi.stub')
    base=$(objdump -p "$stub" | awk '$1 == "ImageBase" { print $2 }') # newer stubs begin elsewhere than at 0
    cp "$work/vmlinuz" "$work/linux"
    cp "$work/initrd.gz" "$work/initrd"
    printf '%s' "$append" > "$work/cmdline"
    printf 'ID=kilonova-guest\n' > "$work/osrel"
    while read -r section at; do
        add+=(--add-section ".$section=$work/$section" --change-section-vma ".$section=$(printf 0x%x $((0x$base + at)))")
    done <<< $'osrel 0x20000\ncmdline 0x30000\nlinux 0x2000000\ninitrd 0x4000000'
    objcopy "${add[@]}" "$stub" "$work/plain.efi"
    openssl pkey -in $snakeoil.key -passin pass:snakeoil -out "$work/key"
    sbsign --key "$work/key" --cert $snakeoil.pem --output "$work/BOOTX64.EFI" "$work/plain.efi" 2> "$work/log" \
        || die "$(cat "$work/log")"
}

# One FAT file system over the whole disk, made bootable for SeaBIOS: no partition table, hence no loop device.
pack_disk() {
    local raw=$work/disk.raw
    mkfs.vfat -F 32 -n "${kind^^}BOOT" -C "$raw" 65536 > /dev/null
    syslinux --install "$raw"
    printf 'SERIAL 0 115200\nDEFAULT tiny\nPROMPT 0\nLABEL tiny\n KERNEL /vmlinuz\n INITRD /initrd.gz\n APPEND %s\n' "$append" \
        > "$work/syslinux.cfg"
    mcopy -i "$raw" "$work/syslinux.cfg" "$work/vmlinuz" "$work/initrd.gz" ::
    if [ $kind = full ]; then
        pack_efi
        mmd -i "$raw" ::EFI ::EFI/BOOT
        mcopy -i "$raw" "$work/BOOTX64.EFI" ::EFI/BOOT/
    fi
    qemu-img convert -O qcow2 -c "$raw" "$work/$kind.qcow2"
}

# Kernel and modules go to tree, without drivers that no virtual machine has use for; the rest goes to tools.
unpack() {
    local name exclude=()
    mkdir "$work/debs" "$work/tools" "$work/tree"
    (cd "$work/debs" && apt-get -q -o APT::Sandbox::User=root download "${tools[@]}" "${kernels[@]}" > log 2>&1) \
        || die "apt-get download ${tools[*]} ${kernels[*]} failed: $(tail -n 1 "$work/debs/log")"
    for name in "${tools[@]}"; do dpkg -x "$work"/debs/"$name"_*.deb "$work/tools"; done
    for name in gpu media net/wireless infiniband iio; do exclude+=("--exclude=*/drivers/$name/*"); done
    for name in "${kernels[@]}"; do
        dpkg --fsys-tarfile "$work"/debs/"$name"_*.deb | tar -x -C "$work/tree" --exclude='./usr/share/*' "${exclude[@]}"
    done
    cp "$(find_one "$work/tree" '*/boot/vmlinuz-*')" "$work/vmlinuz"
}

build() {
    local out=$1 want=$2 name
    work=$(mktemp -d "$out/.build-$kind.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    unpack
    pack_initrd
    pack_disk
    rm -f "$out/$stamp" # first: until the last rename nobody may take the mixture for complete
    for name in $products; do
        chmod 644 "$work/$name"
        mv -f "$work/$name" "$out/$name"
    done
    printf '%s\n' "$want" > "$work/stamp"
    mv -f "$work/stamp" "$out/$stamp"
}

# As long as the package lists are older than the image (or gone), asking apt can bring nothing new.
fresh() {
    { [ -f "$1/$stamp" ] && complete "$1"; } || return 1
    [ "$(head -n 1 "$1/$stamp")" = "$(sources)" ] || return 1
    [ -z "$(find /var/lib/apt/lists -maxdepth 1 -type f -name '*_Packages*' -newer "$1/$stamp" -print -quit 2> /dev/null)" ]
}

renew() {
    local out=$1 want
    refresh_lists
    choose_packages
    want=$(stamp_text "${tools[@]}" "${kernels[@]}")
    if complete "$out" && [ "$(cat "$out/$stamp" 2> /dev/null)" = "$want" ]; then
        touch "$out/$stamp"
        return
    fi
    say "building the $kind guest from ${tools[*]} ${kernels[*]}"
    build "$out" "$want"
}

main() {
    local out=''
    kind=tiny products='vmlinuz initrd.gz tiny.qcow2' stamp=stamp
    while [ $# -gt 0 ]; do
        case $1 in
        --full)
            kind=full products=full.qcow2 stamp=stamp-full
            wanted="$wanted_more $wanted"
            ;;
        -*) die "usage: build.sh [--full] [OUT]" ;;
        *) out=$1 ;;
        esac
        shift
    done
    out=${out:-$checkout/.cache/guest}
    check_tools
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    exec 9> "$out/.lock-$kind"
    flock 9 # two test runs may ask for the image at the same time
    rm -rf "$out/.build-$kind".*
    fresh "$out" || renew "$out"
    printf '%s\n' "$out/$kind.qcow2"
}

main "$@"
