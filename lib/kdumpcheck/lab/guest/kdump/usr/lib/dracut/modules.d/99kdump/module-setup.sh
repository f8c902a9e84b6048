#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dracut module: an initrd that saves /proc/vmcore to the mount mkdumprd named, and reboots.
# shellcheck disable=SC2154  # moddir, initdir and systemdsystemunitdir are dracut's

check() {
    # Only when mkdumprd asks for it.
    return 255
}

depends() {
    echo bash systemd-initrd base rootfs-block
}

kdump_install_config() {
    /usr/lib/kdump/kdump-read-config.sh --print >"$initdir/etc/kdump.conf"
    hostname >"$initdir/etc/hostname.kdump"
}

# Nobody sits at the console of a node that has crashed: what fails shall reboot, unless the administrator wants to look.
kdump_install_no_emergency() {
    kdump_is_true "$KDUMP_CONTINUE_ON_ERROR" && kdump_is_true "$KDUMP_IMMEDIATE_REBOOT" || return 0
    mkdir -p "$initdir/etc/cmdline.d"
    echo "rd.emergency=reboot rd.shell=0" >"$initdir/etc/cmdline.d/99no-emerg.conf"
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
    mkdir -p "$initdir$unit/initrd.target.wants" "$initdir/etc/systemd/system-generators"
    ln_r "$unit/kdump-save.service" "$unit/initrd.target.wants/kdump-save.service"
    # There is no root to wait for.
    ln -sf /dev/null "$initdir/etc/systemd/system-generators/dracut-rootfs-generator"
}

install() {
    set --
    . /usr/lib/kdump/kdump-read-config.sh
    kdump_install_config
    kdump_install_no_emergency
    kdump_install_units
    kdump_strip_sysctl
    inst_multiple makedumpfile date df stat cp mkdir rm sed tr head cat sync sleep umount reboot systemctl
    # shellcheck disable=SC2086  # each is a list of programs
    inst_multiple -o $KDUMP_REQUIRED_PROGRAMS $KDUMP_TRANSFER $KDUMP_PRESCRIPT $KDUMP_POSTSCRIPT
    inst_script "$moddir/kdump-save" /kdump/kdump-save
    inst_hook cmdline 50 "$moddir/kdump-root.sh"
}
