#!/usr/bin/env bash
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Storage servers inside a test host; they end with it. Called by storage.py:
#   ceph DIR ADDRESS               one monitor, one OSD in memory, no cephx, a pool `rbd`; configuration DIR/ceph.conf
#   iscsi ADDRESS TARGET FILE...   a target with one unit for each file, numbered from 1
set -euo pipefail

ceph_up() {
    local dir=$1 address=$2 fsid
    export CEPH_CONF=$dir/ceph.conf
    mkdir -p "$dir"/{mon,osd,log,run}
    fsid=$(cat /proc/sys/kernel/random/uuid)
    cat > "$CEPH_CONF" << CONF
[global]
fsid = $fsid
mon host = [v2:$address:3300,v1:$address:6789]
mon initial members = a
public addr = $address
cluster addr = $address
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon data avail crit = 0
mon data avail warn = 0
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 1073741824
osd memory target = 939524096
mon data = $dir/mon
osd data = $dir/osd
osd journal = $dir/osd/journal
log file = $dir/log/\$name.log
admin socket = $dir/run/\$name.asok
pid file = $dir/run/\$name.pid
run dir = $dir/run
CONF
    monmaptool --create --fsid "$fsid" --addv a "[v2:$address:3300,v1:$address:6789]" "$dir/monmap" > /dev/null
    ceph-mon --mkfs -i a --monmap "$dir/monmap"
    ceph-mon -i a
    local osd
    osd=$(cat /proc/sys/kernel/random/uuid)
    timeout 600 ceph osd new "$osd" > /dev/null
    ceph-osd --mkfs -i 0 --osd-uuid "$osd" &> /dev/null
    ceph-osd -i 0 &> /dev/null
    timeout 600 ceph osd pool create rbd 8 &> /dev/null
    timeout 600 rbd pool init rbd
}

iscsi_up() {
    local address=$1 target=$2 number=0 file
    shift 2
    mkdir -p /run/tgtd
    tgtd -C 0 --iscsi "portal=$address:3260"
    for _ in $(seq 6000); do
        tgtadm --lld iscsi --op show --mode sys &> /dev/null && break
        sleep 0.05
    done
    tgtadm --lld iscsi --op new --mode target --tid 1 -T "$target"
    for file in "$@"; do
        number=$((number + 1))
        tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun "$number" -b "$file"
    done
    tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL
}

case $1 in
    ceph) shift && ceph_up "$@" ;;
    iscsi) shift && iscsi_up "$@" ;;
esac
