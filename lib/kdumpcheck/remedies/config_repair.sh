# Change one line of a configuration file, if it is still the line that was looked at.
# shellcheck shell=sh disable=SC2154
# ($config, $old and $new are set before.)

made=$config.kdumpcheck-new
backup=$config.before-kdumpcheck

has() {
    grep -q -x -F -e "$1" "$2"
}

rewrite() {
    while IFS= read -r line || [ -n "$line" ]; do
        [ "$line" != "$old" ] || line=$new
        printf '%s\n' "$line" || return
    done
}

# Mode and owner are those of the file, because it is a copy that is written over.
write_beside() {
    cp -p "$config" "$made" && rewrite <"$config" >"$made" && sync "$made" &&
        has "$new" "$made" && ! has "$old" "$made" && [ "$(grep -c '' "$made")" = "$(grep -c '' "$config")" ]
}

main() {
    outlive_the_caller
    one_at_a_time
    rm -f "$made"
    if [ ! -f "$config" ] || [ -L "$config" ]; then
        answer failed "$config is no regular file: change it by hand; nothing was changed"
    fi
    if ! has "$old" "$config"; then
        ! has "$new" "$config" || answer mended "$config had been changed already"
        answer failed "$config has changed since it was looked at; nothing was changed"
    fi
    if ! write_beside; then
        rm -f "$made"
        answer failed "cannot write a new file beside $config; nothing was changed"
    fi
    # A second name for the old file, and then the new one in its place: there is no moment without it.
    if ! ln -f "$config" "$backup" || ! mv -f "$made" "$config"; then
        rm -f "$made"
        answer failed "cannot put the new file in the place of $config; nothing was changed"
    fi
    answer mended "changed one line of $config; the file as it was is $backup"
}

</dev/null main
