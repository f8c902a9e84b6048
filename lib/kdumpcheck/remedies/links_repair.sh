# Make links on ROOTRAID. Dumps in a real directory that stands in a link's place go where the link will lead first.
# shellcheck shell=sh disable=SC2154
# (links, $upper and $shown are set before; `links FUNCTION` calls it with each link, its target, and where that leads.)

leads() {
    [ -L "$1" ] && [ "$(readlink "$1")" = "$2" ] && [ "$(readlink -e "$1")" = "$3" ]
}

is_directory() {
    [ -d "$1" ] && [ ! -L "$1" ]
}

# How both lines of kdump name a dump.
is_dump() {
    is_directory "$1" || return
    case ${1##*/} in
        [0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]-[0-2][0-9][-:][0-5][0-9]) return 0 ;;
        *) return 1 ;;
    esac
}

# Nothing has been touched yet when this refuses.
examine() {
    if leads "$@" || [ -L "$1" ] || ! there "$1"; then return; fi
    is_directory "$1" || answer failed "$1 is neither a link nor a directory: move it away by hand; nothing was changed"
    [ ! -d "$3" ] || [ "$(stat -c %d "$1")" = "$(stat -c %d "$3")" ] ||
        answer failed "$1 and $3 are on different file systems: move the dumps by hand; nothing was changed"
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -L "$entry" ] || ! there "$entry"; then continue; fi
        is_dump "$entry" || answer failed "$entry is no dump: move it away by hand; nothing was changed"
        ! there "$3/${entry##*/}" ||
            answer failed "$entry and $3/${entry##*/} have one name: rename one by hand; nothing was changed"
    done
}

# The directory where the link leads must be in the upper layer. One that is in the image only comes there when touched.
bring_up() {
    [ -d "$1" ] || { mkdir -p "${1#"$upper"}" && touch "${1#"$upper"}"; } 2>/dev/null
    [ -d "$1" ] || answer failed "there is no $1 for the link to lead to"
}

empty() {
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ -L "$entry" ]; then
            rm -f "$entry"
        elif there "$entry"; then
            mv -T "$entry" "$2/${entry##*/}" || answer failed "cannot move $entry to $2"
        fi
    done
    rmdir "$1" || answer failed "cannot remove $1, though its dumps are in $2"
    # The overlay remembers what it has listed; a change of its own makes it look again.
    [ ! -d "$shown" ] || { mkdir "$shown/.kdumpcheck" && rmdir "$shown/.kdumpcheck"; } 2>/dev/null
}

put() {
    rm -f "${2%/*}/.kdumpcheck-link"
    ln -s "$1" "${2%/*}/.kdumpcheck-link" && mv -fT "${2%/*}/.kdumpcheck-link" "$2"
}

mend() {
    ! leads "$@" || return 0
    bring_up "$3"
    ! is_directory "$1" || empty "$1" "$3"
    mkdir -p "${1%/*}"
    old=$(readlink "$1")
    put "$2" "$1" || answer failed "cannot make the link $1"
    leads "$@" && return
    if [ -n "$old" ]; then put "$old" "$1"; else rm -f "$1"; fi
    answer undone "as a link to $2, $1 does not lead to $3; it is what it was"
}

main() {
    outlive_the_caller
    one_at_a_time
    links examine
    links mend
    answer mended "made the links; dumps saved there appear in /var/crash"
}

</dev/null main
