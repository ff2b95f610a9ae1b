#!/bin/busybox sh
# shellcheck shell=dash
# shellcheck disable=SC2154  # the DHCP client hands the lease over in variables
# Copyright: (c) 2026, Kilonova contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Called by the DHCP client: takes the address over and says so.
# shellcheck source=tests/guest/files/say.sh
. /lib/say.sh

case "$1" in
bound)
    ip addr flush dev "$interface" scope global
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
    [ -n "$router" ] && ip route replace default via "${router%% *}" dev "$interface"
    for server in $dns; do echo "nameserver $server"; done > /etc/resolv.conf
    [ -n "$hostname" ] && echo "$hostname" > /run/lease-hostname
    say lease "nic=$interface" "ip=$ip" "mask=$subnet" "prefix:=$mask" "gateway:=$(quoted "${router%% *}")" \
        "dns:=$(list "$dns")" "hostname:=$(quoted "$hostname")" "domain:=$(quoted "$domain")" "mtu:=$mtu"
    : > "/run/lease.$interface" # only now: "ready" waits for it
    ;;
leasefail | nak)
    [ -e "/run/lease.$interface" ] && exit
    say nolease "nic=$interface" "reason=$1"
    : > "/run/lease.$interface"
    ;;
esac
