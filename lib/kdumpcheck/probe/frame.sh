# kdumpcheck probe: it only reads. Nothing on this node is written, locked or started.
# All of it is functions, called by the last line: a shell that received only half of it runs nothing.
# shellcheck shell=sh disable=SC2154
# (mark, the random word that frames each answer, is set by the composer.)
set -uf
LC_ALL=C
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH

# Runs "$2" for at most "$1" seconds. BusyBox's timeout(1) keeps our pipe open for a second after every command,
# so there, and where timeout(1) is missing, a watchdog of our own ends the command's process group.
bounded() {
    if [ "$timeout" = yes ]; then
        timeout -k 2 "$1" sh -c "$2"
        return
    fi
    setsid sh -c "$2" &
    worker=$!
    setsid sh -c 'sleep "$1" && kill -9 "-$2"' sh "$1" "$worker" >/dev/null 2>&1 5>&- &
    watchdog=$!
    wait "$worker"
    status=$?
    kill -9 "-$watchdog" "$watchdog" 2>/dev/null
    return "$status"
}

# Streams what "$4" prints to the controller between two marked lines. dd cuts the answer at "$3" bytes and counts it;
# the exit status and dd's count come back through descriptor 5 and stand in the closing line, after seconds of uptime.
section() {
    began=0
    ended=0
    read -r began rest </proc/uptime || began=0
    printf '\n%s begin %s\n' "$mark" "$1"
    verdict=$(
        {
            {
                bounded "$2" "$4" </dev/null 2>&1
                echo "exit $?" >&5
            } 4>&- | dd bs="$3" count=1 iflag=fullblock 2>&5 >&4 5>&-
        } 5>&1
    )
    read -r ended rest </proc/uptime || ended=0
    # Unquoted on purpose: it folds dd's lines into this one; set -f keeps file names out of it.
    # shellcheck disable=SC2086
    echo && echo "$mark" end "$1" "$began" "$ended" limit "$3" $verdict
}

prepare() {
    exec 4>&1 2>/dev/null
    timeout=no
    case $(timeout --help 2>&1) in *"--kill-after"*) timeout=yes ;; esac
}
