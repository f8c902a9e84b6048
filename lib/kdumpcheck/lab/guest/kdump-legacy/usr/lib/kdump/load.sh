#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Load the capture kernel. --update builds its initrd first when that is missing or stale; --shrink is the early call.
#
# Exit 6 means "kernel or initrd missing", which kdump-early.service takes for success: kdump.service builds it later.

. /usr/lib/kdump/kdump-lib.sh

NOT_THERE=6
# Arguments of the running kernel that mean nothing, or harm, to the capture kernel.
DROPPED='root|resume|crashkernel|splash|mem|BOOT_IMAGE|showopts|zfcp\.allow_lun_scan|hugepages|hugepagesz|cma|kernelcore'

# A line of the administrator's own, else the running kernel's arguments, stripped, and what the vendor adds; after
# either of them comes what the administrator appends.
capture_cmdline() {
    line=$KDUMP_COMMANDLINE
    if [ -z "$line" ]; then
        # shellcheck disable=SC2020  # both kinds of white space become line ends
        kept=$(tr -s ' \n' '\n\n' </proc/cmdline | grep -vE "^($DROPPED)(=|\$)" | tr '\n' ' ')
        added="elevator=deadline sysrq=yes reset_devices acpi_no_memhotplug cgroup_disable=memory nokaslr numa=off"
        added="$added irqpoll nr_cpus=$KDUMP_CPUS root=kdump rootflags=bind rd.udev.children-max=8"
        line=" $kept$added"
    fi
    line="$line $KDUMP_COMMANDLINE_APPEND"
    case " $line " in
        *" panic="*) echo "$line" ;;
        *) echo "$line panic=1" ;;
    esac
}

# The journal line is the only record of what was loaded, so its form is the vendor's.
report() {
    kdump_verbose 1 || return 0
    logger -t kdump -i "Loaded kdump kernel: /sbin/kexec -p $KDUMP_KERNEL --append=\"$1\" --initrd=$KDUMP_INITRD $KEXEC_OPTIONS $2, Result: $3"
}

# The newer system call checks signatures; kernels without it get the older one.
load_kernel() {
    cmdline=$(capture_cmdline)
    for call in -s ''; do
        # shellcheck disable=SC2086  # both are lists of options
        output=$(/sbin/kexec -p "$KDUMP_KERNEL" --append="$cmdline" --initrd="$KDUMP_INITRD" $KEXEC_OPTIONS $call 2>&1)
        result=$?
        report "$cmdline" "$call" "$output"
        [ "$result" -ne 0 ] || return 0
    done
    [ -z "$output" ] || echo "$output" >&2
    return "$result"
}

require_files() {
    kdump_find_kernel || {
        echo "No kdump kernel found." >&2
        exit $NOT_THERE
    }
    [ "$1" != --update ] || /sbin/mkdumprd -K "$KDUMP_KERNEL" -I "$KDUMP_INITRD" || exit 1
    [ -f "$KDUMP_INITRD" ] && return
    printf 'No kdump initial ramdisk found.\nTried to locate %s.\n' "$KDUMP_INITRD" >&2
    exit $NOT_THERE
}

# Memory hotplug makes the loaded image wrong; while one is loaded, udev loads it anew.
arm() {
    echo 1 >/proc/sys/kernel/panic_on_oops
    mkdir -p /run/udev/rules.d
    cp /usr/lib/kdump/70-kdump.rules /run/udev/rules.d/70-kdump.rules
}

case ${1:-} in
    '' | --update | --shrink) ;;
    *)
        echo "usage: load.sh [--update|--shrink]" >&2
        exit 1
        ;;
esac
kdump_read_config
require_files "${1:-}"
load_kernel && arm
