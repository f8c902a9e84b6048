#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The configuration, complete with defaults. Sourced by load.sh and mkdumprd; `--print` is for people and for the
# capture initrd, which carries the output as /etc/kdump.conf.

KDUMP_CONFIG=/etc/sysconfig/kdump
KDUMP_LIB=/var/lib/kdump
KDUMP_INITRD=$KDUMP_LIB/initrd

# Values for what the file leaves out.
KDUMP_AUTO_RESIZE=false KDUMP_COMMANDLINE='' KDUMP_COMMANDLINE_APPEND='' KDUMP_CONTINUE_ON_ERROR=true KDUMP_CPUS=1
KDUMP_DUMPFORMAT=compressed KDUMP_DUMPLEVEL=31 KDUMP_FADUMP=false KDUMP_FADUMP_SHELL=false KDUMP_FREE_DISK_SIZE=64
KDUMP_HOST_KEY='' KDUMP_IMMEDIATE_REBOOT=true KDUMP_KEEP_OLD_DUMPS=0 KDUMP_KERNELVER='' KDUMP_NETCONFIG=auto
KDUMP_NET_TIMEOUT=30 KDUMP_NOTIFICATION_CC='' KDUMP_NOTIFICATION_TO='' KDUMP_POSTSCRIPT='' KDUMP_PRESCRIPT=''
KDUMP_REQUIRED_PROGRAMS='' KDUMP_SAVEDIR=/var/crash KDUMP_SMTP_PASSWORD='' KDUMP_SMTP_SERVER='' KDUMP_SMTP_USER=''
KDUMP_SSH_IDENTITY='' KDUMP_TRANSFER='' KDUMP_VERBOSE=0 KEXEC_OPTIONS='' MAKEDUMPFILE_OPTIONS=''

KDUMP_KEYS='KDUMP_AUTO_RESIZE KDUMP_COMMANDLINE KDUMP_COMMANDLINE_APPEND KDUMP_CONTINUE_ON_ERROR KDUMP_CPUS
KDUMP_DUMPFORMAT KDUMP_DUMPLEVEL KDUMP_FADUMP KDUMP_FADUMP_SHELL KDUMP_FREE_DISK_SIZE KDUMP_HOST_KEY
KDUMP_IMMEDIATE_REBOOT KDUMP_KEEP_OLD_DUMPS KDUMP_KERNELVER KDUMP_NETCONFIG KDUMP_NET_TIMEOUT KDUMP_NOTIFICATION_CC
KDUMP_NOTIFICATION_TO KDUMP_POSTSCRIPT KDUMP_PRESCRIPT KDUMP_REQUIRED_PROGRAMS KDUMP_SAVEDIR KDUMP_SMTP_PASSWORD
KDUMP_SMTP_SERVER KDUMP_SMTP_USER KDUMP_SSH_IDENTITY KDUMP_TRANSFER KDUMP_VERBOSE KEXEC_OPTIONS MAKEDUMPFILE_OPTIONS'

# shellcheck source=/dev/null
[ ! -r "$KDUMP_CONFIG" ] || . "$KDUMP_CONFIG"

# Of several targets the first counts. A bare path is a local one.
KDUMP_TARGET=${KDUMP_SAVEDIR%% *}
case $KDUMP_TARGET in
    *://*) KDUMP_PROTO=${KDUMP_TARGET%%://*} KDUMP_TARGET=${KDUMP_TARGET#*://} ;;
    *) KDUMP_PROTO='file' ;;
esac

# Both spellings of true and false are taken, so that files of the older line go on working.
kdump_is_true() {
    case $1 in
        yes | YES | true | TRUE | 1) return 0 ;;
        *) return 1 ;;
    esac
}

# One bit of KDUMP_VERBOSE: 1 kexec command to the journal, 2 progress, 4 standard output, 8 debugging.
kdump_verbose() {
    [ $((KDUMP_VERBOSE & $1)) -ne 0 ]
}

# The kernel KDUMP_KERNELVER names, or the one the node boots by default, whatever runs now.
kdump_kernel() {
    kdump_found=$(readlink -f "/boot/vmlinuz${KDUMP_KERNELVER:+-$KDUMP_KERNELVER}" 2>/dev/null)
    [ -e "$kdump_found" ] && echo "$kdump_found"
}

kdump_quoted() {
    printf "%s='%s'\n" "$1" "$(printf '%s' "$2" | sed "s/'/'\\\\''/g")"
}

kdump_print() {
    for kdump_key in $KDUMP_KEYS; do
        eval "kdump_quoted $kdump_key \"\$$kdump_key\""
    done
    # Known to the older line and without meaning now.
    printf "KDUMPTOOL_FLAGS=''\nKDUMP_COPY_KERNEL=''\n"
    printf 'KDUMP_PROTO=%s\n' "$KDUMP_PROTO"
    kdump_quoted KDUMP_SAVEDIR "$KDUMP_TARGET"
}

[ "${1:-}" != --print ] || kdump_print
