#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dracut module: an initrd that saves /proc/vmcore to what mkdumprd named, and reboots.
# shellcheck disable=SC2154  # moddir, initdir and systemdsystemunitdir are dracut's

check() {
    # Only when mkdumprd asks for it.
    return 255
}

depends() {
    echo base shutdown systemd-initrd fstab-sys
}

# The configuration as the capture kernel needs it: the disk by a name that lasts, with its file system; where no target
# is named, that of the path, which then is the one within it.
kdumpbase_install_config() {
    local config=$initdir/etc/kdump.conf type spec mount path
    local -a words
    mkdir -p "${config%/*}"
    conf_lines >"$config"
    [[ -z $(conf_dracut_mount) ]] || return 0
    mount=$(/usr/sbin/mkdumprd --print-mount) || return 1
    read -r -a words <<<"$mount"
    read -r type spec <<<"$(conf_target)"
    if [[ -n $spec ]]; then
        sed -i "s|^$type .*|$type ${words[0]}|" "$config"
        return
    fi
    path=$(save_path)
    [[ ${words[1]} == /sysroot ]] || path=/${path#"${words[1]#/kdumproot}"/}
    sed -i '/^path /d' "$config"
    printf '%s %s\npath %s\n' "${words[2]}" "${words[0]}" "$path" >>"$config"
}

# Settings of the big system can starve the small one.
kdumpbase_drop_sysctl() {
    rm -rf "$initdir/etc/sysctl.conf" "$initdir/etc/sysctl.d" "$initdir/usr/lib/sysctl.d" "$initdir/run/sysctl.d"
}

kdumpbase_install_units() {
    local unit=$systemdsystemunitdir file
    inst_simple "$moddir/kdump-capture.service" "$unit/kdump-capture.service"
    mkdir -p "$initdir$unit/initrd.target.wants"
    ln_r "$unit/kdump-capture.service" "$unit/initrd.target.wants/kdump-capture.service"
    # What would stop at a prompt asks the failure action instead.
    cp "$moddir/kdump-emergency.service" "$initdir$unit/emergency.service"
    ln_r "$unit/emergency.service" "$unit/dracut-emergency.service"
    for file in initrd-cleanup.service initrd-parse-etc.service; do
        [[ ! -f $initdir$unit/$file ]] || sed -i '/^\[Unit\]/a ConditionPathExists=!/proc/vmcore' "$initdir$unit/$file"
    done
}

kdumpbase_install_settings() {
    mkdir -p "$initdir/etc/systemd/system.conf.d" "$initdir/etc/systemd/journald.conf.d"
    printf '[Manager]\nDefaultTimeoutStartSec=300s\n' >"$initdir/etc/systemd/system.conf.d/99-kdump.conf"
    printf '[Journal]\nStorage=volatile\nReadKMsg=no\nForwardToConsole=yes\n' \
        >"$initdir/etc/systemd/journald.conf.d/99-kdump.conf"
}

install() {
    local words
    . /usr/lib/kdump/kdump-lib.sh
    kdumpbase_install_config || return 1
    kdumpbase_drop_sysctl
    kdumpbase_install_units
    kdumpbase_install_settings
    words=$(conf_value core_collector)
    # shellcheck disable=SC2046,SC2086  # lists of programs
    inst_multiple -o ${words%% *} $(conf_value kdump_pre) $(conf_value kdump_post) $(conf_value extra_bins)
    inst_multiple makedumpfile vmcore-dmesg awk chmod cut date dd dmesg findmnt head journalctl mkdir mount mv nproc rm \
        sed sleep stat sync systemctl tail tr umount
    inst_simple /usr/lib/kdump/kdump-lib.sh /lib/kdump-lib.sh
    inst_script "$moddir/kdump.sh" /usr/bin/kdump.sh
    dracut_no_switch_root
}
