# Take one dump away: the files that were seen in it, then the directory, which goes only when nothing else is in it.
# shellcheck shell=sh disable=SC2154
# ($directory, $marker and $logs are set before; `names` lists the files.)
set -u
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

answer() {
    printf 'result=%s\ncomment=%s\n' "$1" "$2"
    exit 0
}

main() {
    if [ ! -d "$directory" ] || [ -L "$directory" ]; then answer kept "$directory is no directory"; fi
    # The patterns are of names in that directory, and not in the one that this runs in.
    marked=''
    set -f
    # shellcheck disable=SC2086  # words
    set -- $logs
    set +f
    for pattern in "$@"; do
        for log in "$directory"/$pattern; do
            ! grep -q -s -F -e "$marker" "$log" || marked=yes
        done
    done
    [ -n "$marked" ] || answer kept "no kernel log in $directory has the mark of this crash"
    names | while IFS= read -r name; do
        rm -f -- "$directory/$name"
    done
    rmdir "$directory" || answer kept "there is more in $directory than this crash saved"
    sync
    answer removed "$directory"
}

</dev/null main
