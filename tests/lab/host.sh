#!/usr/bin/env bash
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# What runs inside a test host. Called by the library only, with LAB_* variables (see Host._environment):
#   start            joins the host's cgroups, makes its namespaces and becomes its PID 1
#   enter CMD...     runs a command inside the running host (LAB_PID)
#   daemons          starts virtlogd, libvirtd and sshd (inside)
set -euo pipefail

join_cgroups() {
    local dir
    for dir in $LAB_CGROUPS; do echo $$ > "$dir/cgroup.procs"; done
}

# cgroup v2 lets only leaves hold processes: everything lives in the leaf "init", so that libvirtd may hand controllers on.
join_leaf() {
    if [ "$LAB_CGROUP_VERSION" = 2 ]; then echo $$ > "$LAB_CGROUPS/init/cgroup.procs"; else join_cgroups; fi
}

# The library calls us as `start` first; each step is a new process image in one more namespace.
start() {
    join_cgroups # the cgroup namespace made now has these as its roots
    exec unshare --cgroup bash "$0" unshared
}

unshared() {
    join_leaf
    exec unshare --mount --uts --net --pid --ipc --fork --kill-child bash "$0" inside
}

enter() {
    join_leaf
    exec nsenter -t "$LAB_PID" -m -u -i -n -p -C -- env -C "$LAB_CWD" "$@"
}

devices() {
    local node
    umount -lR /dev # libvirt's own namespaces fail on a second /dev/pts
    mount -t tmpfs -o mode=755 tmpfs /dev
    for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9' 'tty 5 0' 'fuse 10 229'; do
        # shellcheck disable=SC2086  # three words
        set -- $node
        mknod -m 666 "/dev/$1" c "$2" "$3"
    done
    mkdir -p /dev/pts /dev/shm /dev/net /dev/mapper /dev/hugepages
    mknod -m 666 /dev/net/tun c 10 200
    mknod -m 600 /dev/loop-control c 10 237
    for node in 0 1 2 3 4 5 6 7; do mknod -m 660 "/dev/loop$node" b 7 "$node"; done
    if [ -n "$LAB_KVM_NODE" ]; then
        mknod -m "$LAB_KVM_NODE" /dev/kvm c 10 232
        if [ $((0$LAB_KVM_NODE & 060)) -ne 0 ]; then chgrp kvm /dev/kvm; fi
    fi
    ln -s /proc/self/fd /dev/fd
    ln -s /proc/self/fd/0 /dev/stdin
    ln -s /proc/self/fd/1 /dev/stdout
    ln -s /proc/self/fd/2 /dev/stderr
    ln -s pts/ptmx /dev/ptmx
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts /dev/pts
    mount -t tmpfs tmpfs /dev/shm
    mount -t hugetlbfs none /dev/hugepages 2> /dev/null || : # a kernel without huge pages is fine
}

control_groups() {
    local controllers name
    if [ "$LAB_CGROUP_VERSION" = 2 ]; then
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        read -r controllers < /sys/fs/cgroup/cgroup.controllers || :
        for name in $controllers; do echo "+$name" > /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null || :; done
        return
    fi
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    while IFS=: read -r _ controllers _; do
        name=${controllers#name=}
        [ -n "$name" ] || continue # the line of the unified hierarchy
        mkdir "/sys/fs/cgroup/$name"
        if [ "$name" = "$controllers" ]; then
            mount -t cgroup -o "$controllers" cgroup "/sys/fs/cgroup/$name"
            for controllers in ${name//,/ }; do [ -e "/sys/fs/cgroup/$controllers" ] || ln -s "$name" "/sys/fs/cgroup/$controllers"; done
        else
            mount -t cgroup -o "none,$controllers" cgroup "/sys/fs/cgroup/$name"
        fi
    done < /proc/self/cgroup
}

# A directory of the host's own over the machine's, with the subdirectories that the packages made (empty).
own_directory() {
    local own=$1 real=$2 sub
    [ -d "$real" ] || return 0
    for sub in "$real"/*/; do
        [ -d "$sub" ] || continue
        sub=$(basename "$sub")
        [ -e "$own/$sub" ] && continue
        mkdir "$own/$sub"
        chown --reference="$real/$sub" "$own/$sub"
        chmod --reference="$real/$sub" "$own/$sub"
    done
    chown --reference="$real" "$own"
    chmod --reference="$real" "$own"
    mount --bind "$own" "$real"
}

own_file() { # own_file REAL: text from standard input over a file of the machine
    local own
    own=/run/lab/$(basename "$1")
    cat > "$own"
    [ ! -e "$1" ] || mount --bind "$own" "$1"
}

own_configuration() {
    if [ ! -e "$LAB_DIR/etc/qemu.conf" ]; then # first start: the state of the packages, without what was defined on the machine
        cp -a /etc/libvirt/. "$LAB_DIR/etc/"
        find "$LAB_DIR/etc" \( -path '*/qemu/*.xml' -o -path '*/storage/*' -o -path '*/autostart/*' -o -path '*/secrets/*' \) \
            ! -path '*/networks/default.xml' ! -type d -delete
        sed -i "s/192\.168\.122\./$LAB_GUEST_NET./g; /<uuid>/d" "$LAB_DIR/etc/qemu/networks/default.xml" 2> /dev/null || :
        if [ "$LAB_INIT" = libvirtd ]; then
            rm -f "$LAB_DIR/etc/qemu/networks/default.xml"
            printf 'security_driver = "none"\n' >> "$LAB_DIR/etc/qemu.conf"
            cp "$LAB_DIR/libvirtd.conf" "$LAB_DIR/etc/libvirtd.conf"
        fi
    fi
    mount --bind "$LAB_DIR/etc" /etc/libvirt
    if [ -d /etc/mdevctl.d ]; then # mdevctl wants its folders there, and keeps mediated devices beside them
        if [ -d /etc/mdevctl.d/scripts.d ]; then cp -a /etc/mdevctl.d/scripts.d "$LAB_DIR/mdevctl/"; fi # newer ones have it in /usr/lib
        mount --bind "$LAB_DIR/mdevctl" /etc/mdevctl.d
    fi
}

own_identity() {
    hostname "$LAB_HOST"
    own_file /etc/hostname <<< "$LAB_HOST"
    own_file /etc/hosts < "$LAB_DIR/../hosts"
    own_file /etc/machine-id <<< "${LAB_UUID//-/}"
    own_file /sys/class/dmi/id/product_uuid <<< "$LAB_UUID"
    own_file /etc/ssh/ssh_config < "$LAB_PKI/ssh_config"
    # without PAM sshd refuses accounts with a locked password, keys or not
    if grep -q '^root:!' /etc/shadow; then sed 's/^root:[^:]*/root:*/' /etc/shadow | own_file /etc/shadow; fi
    if [ -d /root/.ssh ]; then mount -t tmpfs -o mode=700 tmpfs /root/.ssh; fi
}

network() {
    while ! ip link show eth0 > /dev/null 2>&1; do sleep 0.05; done # pushed in from outside
    ip link set lo up
    ip addr add "$LAB_ADDRESS/24" dev eth0
    ip link set eth0 up
    ip route add default via "$LAB_GATEWAY"
    sysctl -qw net.ipv4.ip_forward=1
}

daemons() {
    mkdir -p /run/sshd
    virtlogd -d
    if [ "$LAB_INIT" = libvirtd ]; then libvirtd --listen -d; else libvirtd -d; fi
    /usr/sbin/sshd -f "$LAB_DIR/sshd_config"
}

inside() {
    local pid directory
    read -r pid _ < /proc/self/stat # still the machine's /proc: our process id out there
    mount --make-rprivate /
    mount -t proc proc /proc
    devices
    umount -lR /sys
    mount -t sysfs sysfs /sys
    control_groups
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/lock /run/lab /run/libvirt
    mount --bind "$LAB_DIR/sock" /run/libvirt
    mkdir -p "$LAB_DIR/log/libvirt" # all of /var/log: the TPM emulator makes a directory beside libvirt's
    own_directory "$LAB_DIR/log" /var/log
    for directory in lib cache; do own_directory "$LAB_DIR/$directory" "/var/$directory/libvirt"; done
    own_directory "$LAB_DIR/swtpm" /var/lib/swtpm-localca
    own_configuration
    own_identity
    echo "$pid" > "$LAB_DIR/pid.new"
    mv "$LAB_DIR/pid.new" "$LAB_DIR/pid"
    network
    if [ "$LAB_INIT" = libvirtd ]; then daemons; fi
    touch "$LAB_DIR/ready"
    trap : CHLD TERM
    sleep infinity &
    while :; do # reap: a QEMU that stays a zombie holds libvirt up for a minute
        wait
        sleep 0.1
    done
}

"$@"
