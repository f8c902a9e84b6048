#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Save /proc/vmcore in the vendor's order and under its names: vmcore-dmesg.txt, then vmcore, each called incomplete
# until it is whole; then the capture kernel's own log, and the final action. --failed is what emergency.service runs.
#
# What fails here, and whatever else stops the initrd, leads to the failure action, and then to the final one.

. /lib/kdump-lib.sh
set -o pipefail

LOG=/run/initramfs/kexec-dmesg.log
STAMP=$(date +%Y-%m-%d-%T)
saved_to=''

is_mounted() {
    findmnt -n "$1" >/dev/null
}

# Where it writes to a file, makedumpfile must not be told to write to its output.
collector() {
    local words threads
    words=$(conf_value core_collector)
    words=${words:-makedumpfile -l --message-level 7 -d 31}
    threads=$(nproc)
    if [[ $words == *makedumpfile* ]]; then
        words=${words//-F/}
        [[ $threads -le 1 || $words == *-E* ]] || words+=" --num-threads=$threads"
    fi
    echo "$words"
}

save_dmesg() {
    say "saving vmcore-dmesg.txt to $1"
    if vmcore-dmesg /proc/vmcore >"$1/vmcore-dmesg-incomplete.txt"; then
        mv "$1/vmcore-dmesg-incomplete.txt" "$1/vmcore-dmesg.txt"
        chmod 600 "$1/vmcore-dmesg.txt"
        sync
        say "saving vmcore-dmesg.txt complete"
    else
        say "saving vmcore-dmesg.txt failed"
    fi
}

save_vmcore() {
    say "saving vmcore"
    # shellcheck disable=SC2046  # a command with its arguments
    $(collector) /proc/vmcore "$1/vmcore-incomplete" >/dev/console 2>&1 ||
        { say "saving vmcore failed, exitcode:$?"; return 1; }
    sync -f "$1/vmcore-incomplete" || { say "sync vmcore failed"; return 1; }
    mv "$1/vmcore-incomplete" "$1/vmcore"
    say "saving vmcore complete"
}

dump_to() {
    local point=$1 directory
    if ! is_mounted "$point"; then
        say "dump path '$point' is not mounted, trying to mount..."
        mount --target "$point" || { say "failed to dump to '$point', it's not a mount point!"; return 1; }
    fi
    directory=$(tr -s / <<<"$point/$(save_path)/127.0.0.1-$STAMP")
    say "saving to $directory"
    [[ ,$(findmnt -nfo OPTIONS "$point"), != *,ro,* ]] || mount -o remount,rw "$point" || return 1
    mkdir -p "$directory" || return 1
    saved_to=$directory
    save_dmesg "$directory"
    save_vmcore "$directory"
}

# Where the initrd mounts what dumps are saved to.
target_point() {
    local type spec
    read -r type spec <<<"$(conf_dracut_mount)"
    if [[ -n $spec ]]; then
        echo "${spec%% *}"
        return
    fi
    read -r type spec <<<"$(conf_target)"
    awk -v spec="$spec" '$1 == spec || spec == "" { print $2; exit }' /etc/fstab
}

save_log() {
    [[ -n $saved_to ]] || return 0
    { dmesg -T; journalctl -ab; } >"$LOG"
    chmod 600 "$LOG"
    say "saving the $LOG to $saved_to/"
    mv "$LOG" "$saved_to/"
}

run_hook() {
    local program
    program=$(conf_value "$1")
    [[ -z $program ]] || "$program" "${@:2}"
}

dump_to_rootfs() {
    local tries=0
    say "Waiting for rootfs mount, will timeout after 90 seconds"
    systemctl start --no-block sysroot.mount
    until is_mounted /sysroot || ((tries++ >= 90)); do sleep 1; done
    is_mounted /sysroot || { say "Failed to mount rootfs"; return; }
    dump_to /sysroot
    save_log
}

emergency_shell() {
    printf '\n\nEntering kdump emergency mode.\nType "journalctl" to view system logs.\n\n' >/dev/console
    PS1='kdump:${PWD}# ' bash -i </dev/console >/dev/console 2>&1
}

failure_action() {
    local action
    action=$(conf_value failure_action)
    action=${action:-$(conf_value default)}
    say "Executing failure action ${action:-reboot}"
    case $action in
        shell) emergency_shell ;;
        dump_to_rootfs) dump_to_rootfs ;;
        *) leave "${action:-reboot}" ;;
    esac
}

final_action() {
    local action
    action=$(conf_value final_action)
    say "Executing final action ${action:-reboot}"
    leave "${action:-reboot}"
}

leave() {
    case $1 in
        halt) systemctl halt -f ;;
        poweroff) systemctl poweroff -f ;;
        *) systemctl reboot -f ;;
    esac
    exit
}

if [[ $1 == --failed ]]; then
    failure_action
    final_action
fi
if run_hook kdump_pre; then
    dump_to "$(target_point)"
    result=$?
    ((result == 0)) || say "saving vmcore failed"
    run_hook kdump_post "$result"
    save_log
    ((result == 0)) || exit 1
else
    say "kdump_pre script exited with non-zero status!"
fi
final_action
