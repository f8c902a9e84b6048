# Enable kdump's units for the next boot. Nothing is started. Each unit by itself: one that can be enabled is.
# shellcheck shell=sh disable=SC2154
# ($units is set before.)

main() {
    outlive_the_caller
    one_at_a_time
    done='' left=''
    for unit in $units; do
        [ "$(timeout -k 5 30 systemctl is-enabled "$unit" 2>/dev/null 9>&-)" != enabled ] || continue
        said=$(timeout -k 5 30 systemctl --no-ask-password enable "$unit" 2>&1 9>&-)
        if [ "$(timeout -k 5 30 systemctl is-enabled "$unit" 2>/dev/null 9>&-)" = enabled ]; then
            done="$done $unit"
        else
            left="$left $unit ($(printf '%s' "${said:-systemctl said nothing}" | last_words))"
        fi
    done
    if [ -n "$left" ]; then
        answer failed "not enabled:$left${done:+; enabled:$done}"
    fi
    answer mended "enabled:${done:- nothing, all were}"
}

</dev/null main
