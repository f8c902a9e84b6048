#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Load the capture kernel. --update builds its initrd first when that is missing or stale; --shrink is the early call.
#
# Exit 1 without any reservation. Exit 6 means "kernel or initrd missing", which kdump-early.service takes for success:
# kdump.service builds it later.

mode=${1:-}
set --
. /usr/lib/kdump/kdump-read-config.sh

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
        added="sysrq=yes reset_devices acpi_no_memhotplug cgroup_disable=memory nokaslr numa=off"
        added="$added irqpoll nr_cpus=$KDUMP_CPUS root=kdump rootflags=bind rd.udev.children-max=8"
        line=" $kept$added"
    fi
    line="$line $KDUMP_COMMANDLINE_APPEND"
    case " $line " in
        *" panic="*) echo "$line" ;;
        *) echo "$line panic=1" ;;
    esac
}

# Said only when KDUMP_VERBOSE asks for it, which by default it does not: then nothing tells what was loaded.
report() {
    kdump_verbose 1 || return 0
    logger -t kdump -i "Loaded kdump kernel: /sbin/kexec -p $KDUMP_LIB/kernel --append=\"$1\" --initrd=$KDUMP_INITRD $KEXEC_OPTIONS -a, Result: $2"
}

# -a: kexec itself takes the newer system call, and the older one where that is missing.
load_kernel() {
    cmdline=$(capture_cmdline)
    # shellcheck disable=SC2086  # a list of options
    output=$(/sbin/kexec -p "$(readlink -f "$KDUMP_LIB/kernel")" --append="$cmdline" --initrd="$KDUMP_INITRD" $KEXEC_OPTIONS -a 2>&1)
    result=$?
    report "$cmdline" "$output"
    [ "$result" -eq 0 ] || echo "${output:-kexec failed with status $result}" >&2
    return "$result"
}

require_reservation() {
    [ "$(cat /sys/kernel/kexec_crash_size)" -ne 0 ] && return
    echo "No crashkernel memory reserved, Kdump cannot start." >&2
    exit 1
}

require_files() {
    [ "$mode" != --update ] || /sbin/mkdumprd || exit 1
    for file in "$KDUMP_INITRD" "$KDUMP_LIB/kernel"; do
        [ -e "$file" ] && continue
        echo "$file does not exist." >&2
        exit $NOT_THERE
    done
}

# Memory hotplug makes the loaded image wrong; while one is loaded, udev loads it anew.
arm() {
    echo 1 >/proc/sys/kernel/panic_on_oops
    mkdir -p /run/udev/rules.d
    cp /usr/lib/kdump/70-kdump.rules /run/udev/rules.d/70-kdump.rules
}

case $mode in
    '' | --update | --shrink) ;;
    *)
        echo "usage: load.sh [--update|--shrink]" >&2
        exit 1
        ;;
esac
require_reservation
require_files
load_kernel && arm
