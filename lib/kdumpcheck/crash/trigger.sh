# Crash this node. The answer must be heard before it is dead, so it waits a moment in the background.
# shellcheck shell=sh disable=SC2154
# ($trigger is set before.)
set -u
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH

panic_by_module() {
    modprobe lkdtm || return
    mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug
    echo PANIC >/sys/kernel/debug/provoke-crash/DIRECT
}

main() {
    case $trigger in
        sysrq) (sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 & ;;
        module) (sleep 1; panic_by_module) >/dev/null 2>&1 & ;;
        # The BMC sends it; here it is only made to mean a panic. The setting dies with this kernel.
        nmi)
            printf 'meant=%s\n' "$(cat /proc/sys/kernel/unknown_nmi_panic)"
            echo 1 >/proc/sys/kernel/unknown_nmi_panic || exit 1
            ;;
        # No NMI was sent: it means again what it meant.
        calm) echo "$meant" >/proc/sys/kernel/unknown_nmi_panic || exit 1 ;;
    esac
    echo triggered=yes
}

</dev/null main
