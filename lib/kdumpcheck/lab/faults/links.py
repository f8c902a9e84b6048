# SPDX-License-Identifier: Apache-2.0
"""Faults of the two links on ROOTRAID through which kdump sees the node's /boot and /var/crash."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, Fault

_BOOT: Final = "link=$rootraid/boot\n"
_CRASH: Final = "link=$crash\n"
_KEEP_LINK: Final = """\
[ -L "$link" ] || fail "$link is not a link, so there is nothing to break"
mkdir -p "$kept"
readlink "$link" >"$kept/target"
"""
_PUT_BACK: Final = """\
[ -f "$kept/target" ] || exit 0
ln -snfT "$(cat "$kept/target")" "$link"
forget
"""
_MAKES_IT: Final = "makes it the relative link it was"

FAULTS: Final = (
    Fault(
        id="crash-link-is-directory",
        title="ROOTRAID's crash link is a directory with the link inside it",
        effect="makes the crash link a real directory and puts the link into it, as `ln -snf` onto a directory does",
        undo="moves dumps saved in that directory to /var/crash, and makes it the link it was",
        expects=("links.crash",),
        outcome="elsewhere",
        break_shell=_CRASH
        + _KEEP_LINK
        + """\
target=$(readlink "$link")
rm "$link"
mkdir "$link"
ln -snf "$target" "$link"
""",
        heal_shell=_CRASH
        + """\
if [ -d "$link" ] && [ ! -L "$link" ]; then
    find "$link" -maxdepth 1 -type l -delete
    find "$link" -mindepth 1 -maxdepth 1 -exec mv -t "$upper/var/crash" {} +
    rmdir "$link"
fi
"""
        + _PUT_BACK,
    ),
    Fault(
        id="crash-link-missing",
        title="ROOTRAID has no crash link",
        effect="removes the crash link",
        undo="makes it the link it was",
        expects=("links.crash",),
        outcome="elsewhere",
        break_shell=_CRASH + _KEEP_LINK + 'rm "$link"\n',
        heal_shell=_CRASH + _PUT_BACK,
    ),
    Fault(
        id="crash-link-absolute",
        title="ROOTRAID's crash link is absolute, which the capture kernel cannot follow",
        effect="makes the crash link point to the same place by its path on the running node",
        undo=_MAKES_IT,
        expects=("links.crash",),
        outcome="none",
        break_shell=_CRASH + _KEEP_LINK + 'ln -snfT "$upper/var/crash" "$link"\n',
        heal_shell=_CRASH + _PUT_BACK,
    ),
    Fault(
        id="crash-link-old-release",
        title="ROOTRAID's crash link leads into the upper layer of an earlier release",
        effect="makes an upper layer of another release on ROOTRAID and leads the crash link into it",
        undo="makes it the link it was, and removes the other release's upper layer with any dump in it",
        expects=("links.crash",),
        outcome="elsewhere",
        break_shell=_CRASH
        + _KEEP_LINK
        + """\
mkdir -p "$rootraid/1.4.0/${upper##*/}/var/crash"
ln -snfT "$(readlink "$link" | sed 's|[^/]*/overlay-|1.4.0/overlay-|')" "$link"
[ -d "$link" ] || fail "the link leads nowhere"
""",
        heal_shell=_CRASH + 'rm -rf "$rootraid/1.4.0"\n' + _PUT_BACK,
    ),
    Fault(
        id="boot-link-absolute",
        title="ROOTRAID/boot is an absolute link, which the capture kernel cannot follow",
        effect="makes ROOTRAID/boot point to the same place by its path on the running node",
        undo="makes ROOTRAID/boot the relative link it was",
        warns=("links.boot",),
        outcome="dump",
        dialects=LEGACY,
        break_shell=_BOOT + _KEEP_LINK + 'ln -snfT "$upper/boot" "$link"\n',
        heal_shell=_BOOT + _PUT_BACK,
    ),
    Fault(
        id="boot-link-missing",
        title="ROOTRAID has no boot link",
        effect="removes ROOTRAID/boot",
        undo="makes ROOTRAID/boot the link it was",
        warns=("links.boot",),
        outcome="dump",
        dialects=LEGACY,
        break_shell=_BOOT + _KEEP_LINK + 'rm "$link"\n',
        heal_shell=_BOOT + _PUT_BACK,
    ),
)
