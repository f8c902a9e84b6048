#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Give the lab node the one address QEMU's user network forwards to.
set -eu
tries=0
# net.ifnames=0 is on the kernel's command line, so the first card is eth0; its driver may still be loading.
until ip link show eth0 >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -le 150 ] || { echo "no network card appeared within 30 s" >&2; exit 1; }
    sleep 0.2
done
ip link set lo up
ip address replace 10.0.2.15/24 dev eth0
ip link set eth0 up
ip route replace default via 10.0.2.2
