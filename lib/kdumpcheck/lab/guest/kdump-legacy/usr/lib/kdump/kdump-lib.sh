#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shared by load.sh, unload.sh, mkdumprd and kdumptool: the configuration, the kernel chosen and its initrd.

KDUMP_CONFIG=/etc/sysconfig/kdump

# The defaults are those the vendor's program falls back to when a key is missing from the file.
KDUMP_KERNELVER='' KDUMP_CPUS=1 KDUMP_COMMANDLINE='' KDUMP_COMMANDLINE_APPEND='' KEXEC_OPTIONS='' KDUMP_VERBOSE=0

kdump_read_config() {
    # shellcheck source=/dev/null
    [ ! -r "$KDUMP_CONFIG" ] || . "$KDUMP_CONFIG"
}

# The running kernel unless KDUMP_KERNELVER names another: on an NCN the vendor's search ends there, too.
kdump_find_kernel() {
    KDUMP_KERNEL=$(readlink -f "/boot/vmlinuz-${KDUMP_KERNELVER:-$(uname -r)}" 2>/dev/null)
    [ -e "$KDUMP_KERNEL" ] || KDUMP_KERNEL=$(readlink -f /boot/vmlinuz 2>/dev/null)
    [ -e "$KDUMP_KERNEL" ] || return 1
    kdump_version=${KDUMP_KERNEL##*/}
    kdump_version=${kdump_version#*-}
    KDUMP_INITRD=/boot/initrd-$kdump_version-kdump
}

# One bit of KDUMP_VERBOSE: 1 kexec command to the journal, 2 progress, 4 standard output, 8 debugging.
kdump_verbose() {
    [ $((KDUMP_VERBOSE & $1)) -ne 0 ]
}
