# Rebuild the kdump initrd: set the old one aside, let kdump build a new one, prove it, or put the old one back.
# shellcheck shell=sh disable=SC2154
# ($initrd, $unit, $early and $patience are set by the line before.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
# Whoever asked for this may be gone before it ends: half a rebuild is worse than an unheard answer.
trap '' HUP INT TERM PIPE

aside=$(dirname "$initrd")/.$(basename "$initrd").kdumpcheck-aside
lock=/run/kdumpcheck-initrd-rebuild

answer() {
    rm -rf "$lock"
    printf 'result=%s\ncomment=%s\nloaded=%s\n' "$1" "$2" "$(cat /sys/kernel/kexec_crash_loaded)"
    exit 0
}

take_lock() {
    mkdir "$lock" 2>/dev/null && echo $$ >"$lock/pid" && return
    other=$(cat "$lock/pid" 2>/dev/null)
    if [ -n "$other" ] && [ -d "/proc/$other" ]; then
        printf 'result=failed\ncomment=process %s on this node is rebuilding the initrd already\nloaded=\n' "$other"
        exit 0
    fi
    echo $$ >"$lock/pid"
}

# What an earlier rebuild left when the node or its shell died half-way: the old initrd belongs back in its place.
finish_earlier_rebuild() {
    [ -e "$aside" ] && [ ! -e "$initrd" ] && mv -f "$aside" "$initrd"
}

restart() {
    timeout -k 5 "$patience" systemctl restart "$1" >/dev/null 2>&1
    waited=0
    while [ "$waited" -lt "$patience" ] && [ "$(systemctl is-active "$1")" = activating ]; do
        sleep 1
        waited=$((waited + 1))
    done
}

armed() {
    [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]
}

# A new initrd counts when it is there, has content, and can be listed from end to end.
proven() {
    [ -f "$initrd" ] && [ -s "$initrd" ] || return 1
    command -v lsinitrd >/dev/null 2>&1 || return 0
    lsinitrd "$initrd" >/dev/null 2>&1
}

undo() {
    why=$1
    rm -f "$initrd"
    [ -e "$aside" ] && mv -f "$aside" "$initrd"
    # The early unit loads what is there and builds nothing: with a broken builder it is the one that still arms.
    armed || restart "$early"
    armed && answer undone "$why; the old initrd is back in its place and a capture kernel is loaded"
    answer undone "$why; the old initrd is back in its place but NO capture kernel is loaded: read journalctl -b -u $unit"
}

take_lock
finish_earlier_rebuild
if [ -e "$initrd" ] || [ -L "$initrd" ]; then
    mv -f "$initrd" "$aside" || answer failed "cannot move $initrd aside; nothing was changed"
fi
restart "$unit"
proven || undo "$unit built no readable $initrd"
armed || undo "$unit built $initrd but loaded no capture kernel"
rm -f "$aside"
answer mended "rebuilt $initrd and loaded it"
