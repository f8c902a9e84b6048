# Rebuild the kdump initrd: build a new one beside the old, prove it, swap them, load it, or put the old one back.
# Where kdump keeps a record by which it knows a stale one, as a link to its kernel ($link), that goes with it.
# shellcheck shell=sh disable=SC2154
# ($initrd, $new, $aside, $link, $new_link, $aside_link, $directory, $unit, $early, $lister, $build and $patience are set before.)

log=/run/kdumpcheck-remedy.log

# The link goes first: a link that is there without its initrd tells that the initrd has taken its place already.
clear_new() {
    [ -z "$link" ] || rm -f "$new_link"
    rm -f "$new"
    [ -z "$directory" ] || rm -rf "$directory"
}

# Of the two, the new initrd beside the old link is the pair that kdump itself knows to be stale; so that is what there
# is for a moment, and never the other.
put_link_back() {
    [ -z "$aside_link" ] || ! there "$aside_link" || mv -fT "$aside_link" "$link"
}

forget_old() {
    [ -z "$aside_link" ] || rm -f "$aside_link"
    rm -f "$aside"
}

# What an earlier rebuild left that was killed half-way. Its old initrd comes back unless a proven one took the place.
finish_earlier_rebuild() {
    if [ -n "$link" ] && there "$new_link" && ! there "$new"; then mv -fT "$new_link" "$link"; fi
    clear_new
    if there "$aside" && ! proven "$initrd"; then
        put_link_back
        mv -f "$aside" "$initrd"
    fi
    forget_old
}

# While this runs the old initrd is in its place and the capture kernel stays loaded.
build() {
    [ -z "$directory" ] || mkdir -p "$directory"
    timeout -k 5 "$patience" sh -c "$build" >"$log" 2>&1 9>&- && proven "$new" && sync "$new" && return
    clear_new
    said=$(last_words "$log")
    answer failed "no readable initrd could be built, nothing was changed; the builder said: ${said:-nothing}"
}

set_aside() {
    ! there "$initrd" || ln -P "$initrd" "$aside" || return
    [ -z "$aside_link" ] || ! there "$link" || cp -P "$link" "$aside_link"
}

# With a second name for the old one there is no moment without an initrd, whenever the node dies.
swap() {
    if ! set_aside; then
        clear_new
        forget_old
        answer failed "cannot set $initrd aside; nothing was changed"
    fi
    if ! mv -f "$new" "$initrd"; then
        clear_new
        forget_old
        answer failed "cannot put the new initrd in the place of $initrd; nothing was changed"
    fi
    [ -z "$link" ] || ! there "$new_link" || mv -fT "$new_link" "$link"
    clear_new
}

# The new initrd is proven: only an old one that is as good has a claim to the place.
undo() {
    back="there is no old initrd that is as good, so the new one stays"
    if proven "$aside"; then
        put_link_back
        mv -f "$aside" "$initrd"
        back="the old initrd is back in its place"
    fi
    forget_old
    # The early unit loads what is there and builds nothing, so it arms a node whose builder is broken too.
    if armed || load "$early"; then
        answer undone "$1; $back and a capture kernel is loaded"
    fi
    answer undone "$1; $back but NO capture kernel is loaded: read journalctl -b -u $unit"
}

main() {
    outlive_the_caller
    one_at_a_time
    if [ -d "$initrd" ]; then
        answer failed "$initrd is a directory: move it away by hand first; nothing was changed"
    fi
    finish_earlier_rebuild
    build
    swap
    load "$unit" || undo "$unit did not load the new initrd"
    forget_old
    answer mended "rebuilt $initrd and loaded it"
}

</dev/null main
