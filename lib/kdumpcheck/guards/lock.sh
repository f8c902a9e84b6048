# Take, or give back, the lock that says who works on this node.
# shellcheck shell=sh disable=SC2154
# ($act, $token, $note, $seconds, $over and $patience are set before.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

lock=/run/kdumpcheck.lock

answer() {
    printf 'result=%s\ncomment=%s\n' "$1" "$2"
    exit 0
}

# The clock may be set meanwhile; the time since the boot may not, and the lock does not outlive a boot.
uptime() {
    IFS=. read -r up _ </proc/uptime && printf '%s' "$up"
}

of_lock() {
    sed -n "s/^$1=//p" "$lock" 2>/dev/null | head -n 1 | cut -c 1-200
}

write() {
    printf '%s\n' 'kdumpcheck is at work on this node. Change nothing of kdump here before it is gone.' \
        "$note" "taken=$(date -u '+%Y-%m-%d %H:%M:%S UTC')" "until=$(date -u -d "+$seconds seconds" '+%Y-%m-%d %H:%M:%S UTC')" \
        "expires=$(($(uptime) + seconds))" "token=$token"
}

free() {
    holder=$(of_lock token)
    case $holder in
        "$token" | "$over") return 0 ;;
    esac
    expires=$(of_lock expires)
    case $expires in
        '' | *[!0-9]*) return 1 ;;
    esac
    [ "$(uptime)" -ge "$expires" ]
}

# Nobody else looks at the lock or changes it meanwhile: two who find it expired would both take it.
alone() {
    exec 8>>"$lock.guard" && flock -w 10 8
}

# A repair whose operator was cut off goes on by itself; what it leaves must be looked at, not what it is about to change.
wait_for_a_repair() {
    ( flock -w "$patience" 9 ) 9>>/run/kdumpcheck-remedy.lock
}

take() {
    alone || answer failed "cannot lock $lock.guard"
    if [ -e "$lock" ] || [ -L "$lock" ]; then
        free || answer held "$(of_lock owner) since $(of_lock taken), until $(of_lock until)
token=$(of_lock token)"
        rm -f "$lock"
    fi
    # O_EXCL, whatever a link there would lead to.
    set -C
    { write >"$lock"; } 2>/dev/null || answer failed "cannot write $lock"
    set +C
    exec 8>&-
    wait_for_a_repair && answer taken "$(of_lock taken)"
    rm -f "$lock"
    answer held "a repair that an earlier run began and that still goes on (process $(cat /run/kdumpcheck-remedy.lock))"
}

give_back() {
    alone || answer failed "cannot lock $lock.guard"
    [ "$(of_lock token)" != "$token" ] || rm -f "$lock"
    answer free "$lock"
}

</dev/null "$act"
