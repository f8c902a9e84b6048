# crash(8) on one dump, whose files are the arguments. "$mark NAME" begins a section of the answer, and the last one is "end".
say() { printf '%s %s %s\n' "$mark" "$1" "${2:-}"; }

# Of a package that is not there rpm says so where the answer should be.
if rpm -q kernel-default >/dev/null 2>&1; then
    say installed "$(rpm -q --qf '%{VERSION}-%{RELEASE} ' kernel-default 2>/dev/null | tr '\n' ' ')"
fi
section() {
    say "$1"
    head -c "$limit" "$work/$1"
    printf '\n'
}
umask 077
began=$(date +%s)
# All programs together may take so long.
remaining() {
    rest=$((seconds - $(date +%s) + began))
    [ "$rest" -ge 1 ] || rest=1
    echo "$rest"
}
spare=
work=$(mktemp -d /run/kdumpcheck-analyze.XXXXXX 2>/dev/null || mktemp -d /tmp/kdumpcheck-analyze.XXXXXX) || work=
trap 'rm -rf "$work" ${spare:+"$spare"}' EXIT
trap 'exit 1' HUP INT TERM
[ -n "$work" ] || { say trouble "no working directory could be made below /run or /tmp."; say end; exit 0; }
# What is unpacked is as large as a kernel with its symbols or a dump, and /run is memory.
spare=$(mktemp -d /var/tmp/kdumpcheck-analyze.XXXXXX) || { spare=$work/spare && mkdir "$spare"; }

# makedumpfile and old drgn read no flattened dump, and crash none of ELF: it is written as it was before, where there is room for it.
unflatten() {
    [ ! -s "$spare/plain" ] || return 0
    [ $# = 1 ] && [ "$(head -c 12 "$1" 2>/dev/null | tr -d '\000')" = makedumpfile ] || return 1
    # Of one that was cut makedumpfile waits for the rest: ten minutes.
    [ "$(tail -c 16 "$1" | tr -d '\377' | wc -c)" -eq 0 ] && command -v makedumpfile >/dev/null 2>&1 || return 1
    size=$(stat -L -c %s "$1") && free=$(($(stat -f -c '%a*%S' "$spare"))) || return 1
    [ "$size" -le "$most" ] && [ $((size * 2)) -le "$free" ] || return 1
    timeout -k 5 "$(remaining)" makedumpfile -R "$spare/plain" <"$1" >/dev/null 2>&1 || { rm -f "$spare/plain"; return 1; }
}
# The log alone needs no symbols: makedumpfile finds it by VMCOREINFO.
read_log() { timeout -k 5 60 makedumpfile --dump-dmesg "$1" "$work/log" >/dev/null 2>&1 && [ -s "$work/log" ]; }
give_up() {
    trouble=$1
    shift
    if [ -n "$wants_log" ] && [ $# != 0 ]; then
        read_log "$1" || { unflatten "$@" && read_log "$spare/plain"; }
        [ ! -s "$work/log" ] || section log
    fi
    [ -z "$trouble" ] || say trouble "$trouble"
    say end
    exit 0
}
cd -- "$directory" || give_up "the dump is gone."
here=$(pwd -P)
# What crash would read where it is (./.crashrc, ./.gdbinit) is not the dump's, nor is a core that it leaves; and it
# takes no path as it is: @ and : stand for other things to it.
cd "$work" && mkdir dump || exit 1
count=$#
for each; do
    ln -s -- "$here/$each" "dump/$each" || exit 1
    set -- "$@" "./dump/$each"
done
shift "$count"
[ -n "$release" ] || give_up "the dump does not tell its kernel's release, so no symbols can be found for it." "$@"
crash=$(command -v crash) || crash=
drgn=$(command -v drgn) || drgn=
[ -n "$crash$drgn" ] || give_up "crash(8) is not installed there (package crash), nor is drgn." "$@"

# The kernel with its symbols: beside the dump (kdump before 1.9), in /boot, or whole in a debuginfo package.
kernel='' debug=''
for each in "$here/vmlinux-$release.gz" "$here/vmlinux-$release" "/boot/vmlinux-$release.gz" "/boot/vmlinux-$release" \
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
[ -n "$kernel" ] || give_up "no kernel image vmlinux-$release is there, neither beside the dump nor in /boot." "$@"
say namelist "$kernel"
case $kernel in
"$here"/*) ln -s -- "$kernel" . && kernel=./${kernel##*/} ;;
esac

# crash opens what its user's ~/.crashrc says, which is not ours to run; and it unpacks a packed kernel into $TMPDIR.
HOME=$work TMPDIR=$spare
export HOME TMPDIR
printf '%s\nquit\n' "$commands" >commands
printf '%s' "$script" >script.py
bounded() {
    (
        # shellcheck disable=SC3045 # POSIX has neither; bash, dash and BusyBox have them, and without -v there is no bound.
        ulimit -c 0 2>/dev/null
        # shellcheck disable=SC3045
        ulimit -v "$kilobytes" 2>/dev/null
        exec timeout -k 5 "$(remaining)" "$@"
    ) <commands >>said 2>&1
    code=$?
}
# 143 is what timeout of BusyBox makes of it.
stopped() { case $code in 124 | 137 | 143) ;; *) return 1 ;; esac }
told() {
    for name in $sections; do
        [ ! -s "$name" ] || return 0
    done
    return 1
}
ask_crash() {
    : >said
    bounded "$crash" -s --no_scroll --no_crashrc "$kernel" ${debug:+"$debug"} "$@"
    told || stopped
}
ask_drgn() {
    : >said
    bounded "$drgn" -q --no-default-symbols -s "${debug:-$kernel}" -c "$1" script.py
    told || stopped
}
if [ -n "$crash" ]; then
    version=$(timeout 10 "$crash" --version 2>/dev/null </dev/null | grep -m 1 '^crash ' | head -c 100)
    ask_crash "$@" || { unflatten "$@" && ask_crash "$spare/plain"; }
fi
# drgn takes one file, and no kernel that is packed; of such a one the symbols are elsewhere.
case ${debug:-$kernel} in
*.gz | *.xz)
    [ -n "$crash" ] || give_up "$kernel has no symbols that drgn reads." "$@"
    drgn=
    ;;
esac
[ -n "$crash" ] || [ $# = 1 ] || give_up "drgn opens no dump that is in several files." "$@"
if [ -n "$drgn" ] && [ $# = 1 ] && { [ -z "$crash" ] || ! { told || stopped; }; }; then
    [ -z "$crash" ] || { cp said refused && before=$code asked=$version; }
    version=$(timeout 10 "$drgn" --version 2>/dev/null </dev/null | head -n 1 | cut -d ' ' -f 1,2 | head -c 100)
    ask_drgn "$1" || { unflatten "$@" && ask_drgn "$spare/plain"; }
    # Where neither tells anything, it is crash that says why.
    [ -z "$crash" ] || told || { cp refused said && code=$before version=$asked; }
fi
say version "$version"
any=
for name in $sections; do
    [ -s "$name" ] || continue
    any=1
    section "$name"
done
section said
if stopped; then say stopped "$seconds"; else say code "$code"; fi
[ -n "$any" ] || { say refused; give_up '' "$@"; }
say end
