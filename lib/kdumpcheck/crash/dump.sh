# What one dump is, and whether it is seen where people look for dumps. Reads only.
# shellcheck shell=sh disable=SC2154
# ($directory is the dump on ROOTRAID; $shown and $linked are its other names; $marker is set before.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

print_of() {
    stat -L -c %s "$1" 2>/dev/null && head -c 65536 "$1" 2>/dev/null | cksum
}

main() {
    for file in "$directory"/*; do
        [ -f "$file" ] && printf 'file\t%s\t%s\n' "${file##*/}" "$(stat -c %s "$file")"
    done | head -n 100
    sed -n '1,30s/^/readme	/p' "$directory/README.txt" 2>/dev/null | cut -c 1-200
    for log in dmesg.txt dmesg; do
        [ -f "$directory/$log" ] || continue
        printf 'log=%s\n' "$log"
        ! grep -q -F -e "$marker" "$directory/$log" || echo marker=yes
    done
    own=$(print_of "$directory/vmcore")
    [ "$own" != "$(print_of "$shown/vmcore")" ] || echo shown=yes
    [ "$own" != "$(print_of "$linked/vmcore")" ] || echo linked=yes
    echo whole=yes
}

</dev/null main
