# Remove dumps, the oldest first, until there is room; never the newest.
# shellcheck shell=sh disable=SC2154
# ($shown, $pattern, $names, $bytes and $inodes are set before.)

newest() {
    last=''
    for dump in "$shown"/$pattern; do
        [ ! -d "$dump" ] || last=${dump##*/}
    done
    printf '%s' "$last"
}

# A file system without a fixed number of inodes says that it has 0 in all.
room() {
    stat -f -c '%a %S %c %d' "$shown"
}

enough() {
    # shellcheck disable=SC2046  # four numbers
    set -- $(room)
    [ "$#" = 4 ] && [ $(($1 * $2)) -ge "$bytes" ] && { [ "$3" = 0 ] || [ "$4" -ge "$inodes" ]; }
}

main() {
    outlive_the_caller
    one_at_a_time
    count=0
    for name in $names; do
        dump=$shown/$name
        if [ ! -d "$dump" ] || [ -L "$dump" ]; then continue; fi
        ! enough || break
        [ "$name" != "$(newest)" ] || answer failed "$name is the newest dump, which is kept; $count removed"
        rm -rf "$dump"
        ! there "$dump" || answer failed "cannot remove $dump; $count removed"
        # The file system frees in the background what it was told to remove.
        sync
        count=$((count + 1))
    done
    answer mended "removed $count of the oldest dumps in $shown"
}

</dev/null main
