# Reboot the node in good order. Whoever asked for it sees by the boot's id that it is back.
# shellcheck shell=sh disable=SC2154

main() {
    outlive_the_caller
    one_at_a_time
    if [ "$(timeout -k 5 30 systemctl is-system-running 2>/dev/null 9>&-)" = stopping ]; then
        answer mended "it is shutting down already"
    fi
    sync
    # The answer must be on its way before the network is gone.
    (sleep 2 && exec systemctl --no-ask-password reboot) >/dev/null 2>&1 9>&- &
    answer mended "told it to reboot"
}

</dev/null main
