# Restart kdump and see that a capture kernel is loaded; else load at least what is there, and tell what the journal says.
# shellcheck shell=sh disable=SC2154
# ($initrd, $unit, $early, $lister and $patience are set before.)

journal() {
    timeout -k 5 30 journalctl -b -o cat --no-pager -n 8 -u "$unit" 2>/dev/null 9>&- | last_words
}

main() {
    outlive_the_caller
    one_at_a_time
    # A restart unloads first. What is not there is built, but what cannot be read would be loaded as it is.
    if there "$initrd" && ! proven "$initrd"; then
        answer failed "$initrd cannot be read to its end: rebuild it first (initrd.rebuild); nothing was changed"
    fi
    if load "$unit"; then
        answer mended "restarted $unit, and a capture kernel is loaded"
    fi
    said=$(journal)
    # The early unit loads what is there and builds nothing, so it arms a node whose builder is broken too.
    if armed || load "$early"; then
        answer undone "$unit did not start, but a capture kernel is loaded; the journal says: ${said:-nothing}"
    fi
    answer undone "$unit did not load a capture kernel, nor did $early; the journal says: ${said:-nothing}"
}

</dev/null main
