# Rebuild the kdump initrd: build a new one beside the old, prove it, swap them, load it, or put the old one back.
# All of it is functions, called by the last line: a shell that received only half of it changes nothing.
# shellcheck shell=sh disable=SC2154
# ($initrd, $new, $aside, $unit, $early, $build and $patience are set by the lines before.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

lock=/run/kdumpcheck-initrd-rebuild.lock
log=/run/kdumpcheck-initrd-rebuild.log

answer() {
    printf 'result=%s\ncomment=%s\nloaded=%s\n' "$1" "$2" "$(cat /sys/kernel/kexec_crash_loaded)"
    exit 0
}

# The lock goes with this process, however it ends; no child may carry it on (9>&-).
one_at_a_time() {
    exec 9>>"$lock"
    flock -n 9 || answer failed "process $(cat "$lock") on this node is rebuilding the initrd already; nothing was changed"
    echo $$ >"$lock"
}

there() {
    [ -e "$1" ] || [ -L "$1" ]
}

# An initrd counts when it is a file, has content, and can be listed from end to end.
proven() {
    [ -f "$1" ] && [ -s "$1" ] && timeout -k 5 "$patience" lsinitrd "$1" >/dev/null 2>&1 9>&-
}

armed() {
    [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]
}

# What an earlier rebuild left that was killed half-way. Its old initrd comes back unless a proven one took the place.
finish_earlier_rebuild() {
    rm -f "$new"
    there "$aside" || return 0
    if proven "$initrd"; then rm -f "$aside"; else mv -f "$aside" "$initrd"; fi
}

# While this runs the old initrd is in its place and the capture kernel stays loaded.
build() {
    timeout -k 5 "$patience" sh -c "$build" >"$log" 2>&1 9>&- && proven "$new" && sync "$new" && return
    rm -f "$new"
    said=$(tail -c 300 "$log" | tr -c '[:print:]' ' ')
    answer failed "no readable initrd could be built, nothing was changed; the builder said: ${said:-nothing}"
}

# With a second name for the old one there is no moment without an initrd, whenever the node dies.
swap() {
    if there "$initrd" && ! ln -P "$initrd" "$aside"; then
        rm -f "$new"
        answer failed "cannot set $initrd aside; nothing was changed"
    fi
    mv -f "$new" "$initrd" && return
    rm -f "$new" "$aside"
    answer failed "cannot put the new initrd in the place of $initrd; nothing was changed"
}

# "active" is asked too: a restart that failed before it unloaded anything leaves loaded what was loaded before.
load() {
    timeout -k 5 "$patience" systemctl --no-ask-password restart "$1" >/dev/null 2>&1 9>&- ||
        timeout -k 5 30 systemctl kill --signal=KILL "$1" >/dev/null 2>&1 9>&-
    [ "$(timeout -k 5 30 systemctl is-active "$1" 9>&-)" = active ] && armed
}

# The new initrd is proven: only an old one that is as good has a claim to the place.
undo() {
    back="there is no old initrd that is as good, so the new one stays"
    if proven "$aside"; then
        mv -f "$aside" "$initrd"
        back="the old initrd is back in its place"
    fi
    rm -f "$aside"
    # The early unit loads what is there and builds nothing, so it arms a node whose builder is broken too.
    if armed || load "$early"; then
        answer undone "$1; $back and a capture kernel is loaded"
    fi
    answer undone "$1; $back but NO capture kernel is loaded: read journalctl -b -u $unit"
}

main() {
    # Whoever asked for this may be gone before it ends: half a rebuild is worse than an unheard answer. PIPE is caught
    # and not ignored, because what is ignored stays so in children, and the builder's pipes need it.
    trap '' HUP INT TERM
    trap : PIPE
    one_at_a_time
    if [ -d "$initrd" ]; then
        answer failed "$initrd is a directory: move it away by hand first; nothing was changed"
    fi
    finish_earlier_rebuild
    build
    swap
    load "$unit" || undo "$unit did not load the new initrd"
    rm -f "$aside"
    answer mended "rebuilt $initrd and loaded it"
}

main </dev/null
