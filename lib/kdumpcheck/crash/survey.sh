# What there is on the node, to be compared before a crash and after it. Reads only.
# shellcheck shell=sh disable=SC2154
# (`find_place` is defined, and $unit, $depth and $stamp are set, by the lines that are put before these.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

survey() {
    printf 'boot_id=%s\nrelease=%s\nclock=%s\n' \
        "$(cat /proc/sys/kernel/random/boot_id)" "$(uname -r)" "$(date +%s)"
    printf 'loaded=%s\nunit=%s\nsystem=%s\n' "$(cat /sys/kernel/kexec_crash_loaded)" \
        "$(timeout -k 5 20 systemctl is-active "$unit")" "$(timeout -k 5 20 systemctl is-system-running)"
    find_place
    printf 'point=%s\nshown=%s\n' "$point" "$shown"
    [ -z "$stamp" ] || printf 'stamp=%s\n' "$(date +"$stamp")"
    [ -n "$point" ] || return 0
    dumps=$(timeout -k 5 60 find "$point" -xdev -mindepth 1 -maxdepth "$depth" -type d -name "$day" 2>/dev/null)
    case $? in 124 | 137) return 0 ;; esac
    [ -z "$dumps" ] || printf '%s\n' "$dumps" | head -n 1000 | sed 's/^/dump	/'
    # Half of an answer must not be taken for all of it.
    printf 'whole=yes\n'
}
