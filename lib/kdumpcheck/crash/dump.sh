# What one dump is, and whether it is seen where people look for dumps. Reads only.
# shellcheck shell=sh disable=SC2154
# ($directory is the dump; $shown and $linked are its other names, the latter "" where no link leads to it; $marker, and
# $memory and $logs, the patterns of the names of its vmcore and its kernel log, are set before.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

print_of() {
    stat -L -c %s "$1" 2>/dev/null && head -c 65536 "$1" 2>/dev/null | cksum
}

# Whether a name is one of these patterns; they are no names of files here.
is_one() {
    for pattern in $2; do
        # shellcheck disable=SC2254  # a pattern
        case $1 in $pattern) return 0 ;; esac
    done
    return 1
}

main() {
    for file in "$directory"/*; do
        [ -f "$file" ] && printf 'file\t%s\t%s\n' "${file##*/}" "$(stat -c %s "$file")"
    done | head -n 100
    sed -n '1,30s/^/readme	/p' "$directory/README.txt" 2>/dev/null | cut -c 1-200
    core=none
    set -- "$directory"/*
    set -f
    for file in "$@"; do
        name=${file##*/}
        if [ ! -f "$file" ]; then continue; fi
        ! is_one "$name" "$memory" || core=$name
        is_one "$name" "$logs" || continue
        printf 'log=%s\n' "$name"
        ! grep -q -F -e "$marker" "$file" || echo marker=yes
    done
    own=$(print_of "$directory/$core")
    [ "$own" != "$(print_of "$shown/$core")" ] || echo shown=yes
    [ -z "$linked" ] || [ "$own" != "$(print_of "$linked/$core")" ] || echo linked=yes
    echo whole=yes
}

</dev/null main
