# The last things before a crash: what is not on the disk is written to it, and the kernel log gets a mark of this crash.
# shellcheck shell=sh disable=SC2154
# ($marker and $trigger are set before, and the functions of survey.sh.)

ready() {
    case $trigger in
        sysrq) [ -w /proc/sysrq-trigger ] || { echo "there is no /proc/sysrq-trigger to write to"; return; } ;;
        nmi) [ -e /proc/sys/kernel/unknown_nmi_panic ] || { echo "this kernel cannot panic on an NMI"; return; } ;;
        module) modinfo lkdtm >/dev/null 2>&1 || { echo "the module lkdtm is not installed for this kernel"; return; } ;;
    esac
    echo yes
}

main() {
    IFS=. read -r before _ </proc/uptime
    sync
    IFS=. read -r after _ </proc/uptime
    printf 'synced=%s\n' "$((after - before))"
    printf '<4>kdumpcheck: %s\n' "$marker" >/dev/kmsg || echo "kmsg=no"
    printf 'ready=%s\n' "$(ready)"
    survey
}

</dev/null main
