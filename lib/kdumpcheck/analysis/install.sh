# Install one package from one more repository; nothing but the package stays.
# The last line says how it went: "kdumpcheck: 0" is good.
file=$directory/$name
finish() {
    code=$?
    trap - EXIT HUP INT TERM
    rm -f "$file"
    printf '\nkdumpcheck: %s\n' "$code"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' HUP INT TERM

if [ -n "$user" ]; then
    [ -d "$directory" ] || (umask 022 && mkdir -p "$directory") || exit 1
    # Should this shell be killed so that it cannot clean up, its watcher does.
    (
        exec </dev/null >/dev/null 2>&1
        trap '' HUP INT TERM
        while kill -0 $$ 2>/dev/null; do sleep 1; done
        rm -f "$file"
    ) &
    # printf is a builtin: what it is given is in no process's arguments.
    (umask 077 && set -C && printf 'username=%s\npassword=%s\n' "$user" "$token" >"$file") || exit 1
    repository="$repository?credentials=$name"
fi
token=
if [ -n "$proxy" ]; then
    https_proxy=$proxy http_proxy=$proxy
    export https_proxy http_proxy
fi
zypper --non-interactive --plus-repo "$repository" --plus-content debug install --no-recommends "$package" </dev/null 2>&1
