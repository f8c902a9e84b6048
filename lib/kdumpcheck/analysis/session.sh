# crash(8) on one dump. "$mark NAME" begins a section of the answer, and the last one is "end".
say() { printf '%s %s %s\n' "$mark" "$1" "${2:-}"; }

installed=$(rpm -q --qf '%{VERSION}-%{RELEASE} ' kernel-default 2>/dev/null | tr '\n' ' ') || installed=
[ -z "$installed" ] || say installed "$installed"
section() {
    say "$1"
    head -c "$limit" "$work/$1"
    printf '\n'
}
umask 077
work=$(mktemp -d /run/kdumpcheck-analyze.XXXXXX) || work=
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# The log alone needs no symbols: makedumpfile finds it by VMCOREINFO.
give_up() {
    timeout -k 5 60 makedumpfile --dump-dmesg "./$vmcore" "$work/log" >/dev/null 2>&1
    [ ! -s "$work/log" ] || section log
    say trouble "$1"
    say end
    exit 0
}
[ -n "$work" ] || { say trouble "no working directory could be made below /run."; say end; exit 0; }
cd -- "$directory" || give_up "the dump is gone."
command -v crash >/dev/null 2>&1 || give_up "crash(8) is not installed there (package crash)."

# The kernel with its symbols: beside the dump (kdump before 1.9), in /boot, or whole in a debuginfo package.
kernel='' debug=''
for each in "./vmlinux-$release.gz" "./vmlinux-$release" "/boot/vmlinux-$release.gz" "/boot/vmlinux-$release" \
    "/usr/lib/modules/$release/vmlinux.gz" "/usr/lib/modules/$release/vmlinux.xz"; do
    [ -f "$each" ] && kernel=$each && break
done
for each in "/usr/lib/debug/boot/vmlinux-$release.debug" "/usr/lib/debug/usr/lib/modules/$release/vmlinux.debug" \
    "/usr/lib/debug/lib/modules/$release/vmlinux.debug" "/usr/lib/debug/lib/modules/$release/vmlinux" \
    "/usr/lib/debug/boot/vmlinux-$release"; do
    [ -f "$each" ] && debug=$each && break
done
case $debug in
*/vmlinux | */vmlinux-"$release") kernel=$debug debug= ;;
esac
[ -n "$kernel" ] || give_up "no kernel image vmlinux-$release is there, neither beside the dump nor in /boot."
say namelist "$kernel"

{
    printf '%s' "$commands" | sed "s|WORK|$work|"
    printf 'quit\n'
} >"$work/commands"
# crash opens what its user's ~/.crashrc says, which is not ours to run.
HOME=$work
export HOME
(
    # shellcheck disable=SC3045 # POSIX has no -v; bash, dash and BusyBox have it, and without it there is no bound.
    ulimit -v "$kilobytes" 2>/dev/null
    exec timeout -k 5 "$seconds" crash -s --no_scroll "$kernel" ${debug:+"$debug"} "./$vmcore"
) <"$work/commands" >"$work/said" 2>&1
code=$?
any=
for name in $sections; do
    [ -s "$work/$name" ] || continue
    any=1
    section "$name"
done
words=$(tail -n 3 "$work/said" | tr '\n\000' '  ' | head -c 400)
if [ "$code" = 124 ] || [ "$code" = 137 ]; then
    say trouble "crash(8) was stopped after $seconds s."
elif [ -z "$any" ]; then
    give_up "crash(8) could not open it: $words"
elif [ "$code" != 0 ]; then
    say trouble "crash(8) ended with $code: $words"
fi
say end
