# What the scripts of all remedies share. A script is: settings, these functions, its own, and one call in the last line.
# A shell that received only a part of it changes nothing.
# shellcheck shell=sh disable=SC2154
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

lock=/run/kdumpcheck-remedy.lock

answer() {
    printf 'result=%s\ncomment=%s\nloaded=%s\n' "$1" "$2" "$(cat /sys/kernel/kexec_crash_loaded)"
    exit 0
}

# Whoever asked for this may be gone before it ends: half a repair is worse than an unheard answer. PIPE is caught and
# not ignored, because what is ignored stays so in children, and a builder's pipes need it.
outlive_the_caller() {
    trap '' HUP INT TERM
    trap : PIPE
}

# The lock goes with this process, however it ends; no child may carry it on (9>&-).
one_at_a_time() {
    exec 9>>"$lock"
    flock -n 9 || answer failed "process $(cat "$lock") on this node is repairing it already; nothing was changed"
    echo $$ >"$lock"
}

there() {
    [ -e "$1" ] || [ -L "$1" ]
}

# An initrd counts when it is a file, has content, and can be listed from end to end ($lister says by what).
proven() {
    [ -f "$1" ] && [ -s "$1" ] && timeout -k 5 "$patience" "${lister:-lsinitrd}" "$1" >/dev/null 2>&1 9>&-
}

armed() {
    [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]
}

# "active" is asked too: a restart that failed before it unloaded anything leaves loaded what was loaded before.
load() {
    timeout -k 5 "$patience" systemctl --no-ask-password restart "$1" >/dev/null 2>&1 9>&- ||
        timeout -k 5 30 systemctl kill --signal=KILL "$1" >/dev/null 2>&1 9>&-
    [ "$(timeout -k 5 30 systemctl is-active "$1" 9>&-)" = active ] && armed
}

# The last words of a file or of standard input, on one line.
last_words() {
    tail -c 300 "$@" | tr -c '[:print:]' ' '
}
