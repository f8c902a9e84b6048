#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dracut module: an initrd that mounts the dump target, saves /proc/vmcore to it and reboots.
# shellcheck disable=SC2154  # moddir, initdir and systemdsystemunitdir are dracut's

# Which mount does a path lie on? /proc/mounts is read first and /etc/fstab after it, the longest mount point wins and
# of equals the later: so an fstab line for / beats the overlay that is really mounted there. (kdump < 1.9)
kdump_mount_of() {
    local path=$1 best='' best_line='' device point type options rest
    while read -r device point type options rest; do
        [[ $device != \#* && -n $type ]] || continue
        [[ $point == / || $path == "$point" || $path == "$point"/* ]] || continue
        if ((${#point} >= ${#best})); then
            best=$point best_line="$device $point $type $options"
        fi
    done < <(cat /proc/mounts /etc/fstab)
    echo "$best_line"
}

# A bare /dev/sdX or /dev/mdN may have another name in the capture kernel.
kdump_stable_name() {
    local device=$1 link
    if [[ $device == /dev/* && $device != /dev/disk/* && $device != /dev/mapper/* ]]; then
        for link in /dev/disk/by-id/* /dev/disk/by-path/*; do
            [[ $(readlink -f "$link") == $(readlink -f "$device") ]] && device=$link && break
        done
    fi
    echo "$device"
}

kdump_target_path() {
    local savedir=${KDUMP_SAVEDIR%% *}
    echo "${savedir#file://}"
}

# Local targets become /kdump/mnt0 in the initrd, whatever they are called on the node.
kdump_install_fstab() {
    local device point type options
    read -r device point type options < <(kdump_mount_of "$(kdump_target_path)")
    device=$(kdump_stable_name "$device")
    mkdir -p "$initdir/kdump/mnt0"
    echo "$device /kdump/mnt0 $type $options 0 2" >"$initdir/etc/fstab"
    kdump_mountpoint=$point
}

kdump_install_config() {
    local path
    path=$(kdump_target_path)
    [[ $kdump_mountpoint == / ]] || path=${path#"$kdump_mountpoint"}
    mkdir -p "$initdir/etc/sysconfig"
    sed "s|^KDUMP_SAVEDIR=.*|KDUMP_SAVEDIR=\"file:///mnt0$path\"|" /etc/sysconfig/kdump >"$initdir/etc/sysconfig/kdump"
    hostname >"$initdir/etc/hostname.kdump"
}

# vm.* values of the big system can starve the small one.
kdump_strip_sysctl() {
    local file
    for file in "$initdir"/etc/sysctl.conf "$initdir"/etc/sysctl.d/* "$initdir"/usr/lib/sysctl.d/*; do
        [[ -f $file ]] && sed -i '/^[[:space:]]*vm\./d' "$file"
    done
    return 0
}

kdump_install_units() {
    local unit=$systemdsystemunitdir
    inst_simple "$moddir/kdump-save.service" "$unit/kdump-save.service"
    mkdir -p "$initdir$unit/initrd.target.wants" "$initdir$unit/initrd-switch-root.target.d"
    ln_r "$unit/kdump-save.service" "$unit/initrd.target.wants/kdump-save.service"
    # There is no system to switch to: whatever happens, the save comes first.
    printf '[Unit]\nRequires=kdump-save.service\n' >"$initdir$unit/initrd-switch-root.target.d/kdump.conf"
    inst_script "$moddir/device-timeout-generator" /usr/lib/systemd/system-generators/kdump-device-timeout-generator
}

check() {
    # Only when mkdumprd asks for it.
    return 255
}

depends() {
    echo bash systemd-initrd base rootfs-block
}

installkernel() {
    local type rest
    read -r _ _ type rest < <(kdump_load_config && kdump_mount_of "$(kdump_target_path)")
    [[ $type == auto ]] || hostonly='' instmods "$type"
}

kdump_load_config() {
    KDUMP_SAVEDIR=file:///var/crash
    # shellcheck source=/dev/null
    . /etc/sysconfig/kdump
}

install() {
    kdump_load_config
    kdump_install_fstab
    kdump_install_config
    kdump_install_units
    kdump_strip_sysctl
    inst_multiple makedumpfile date df stat cp mkdir rm sed tr sort head cat sync sleep umount reboot systemctl
    # shellcheck disable=SC2086  # each is a list of programs
    inst_multiple -o $KDUMP_REQUIRED_PROGRAMS $KDUMP_TRANSFER $KDUMP_PRESCRIPT $KDUMP_POSTSCRIPT
    inst_script "$moddir/kdump-save" /kdump/kdump-save
    ln -s mnt0/boot/ "$initdir/kdump/boot"
    mkdir -p "$initdir/kdump/tmp"
    inst_hook cmdline 50 "$moddir/kdump-root.sh"
}
