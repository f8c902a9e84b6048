# SPDX-License-Identifier: Apache-2.0
"""Faults of the two links on ROOTRAID through which kdump sees the node's /boot and /var/crash."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import Fault

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

FAULTS: Final = (
    Fault(
        id="crash-link-is-directory",
        title="ROOTRAID/crash is a directory with the link inside it",
        effect="makes ROOTRAID/crash a real directory and puts the link into it, as `ln -snf` onto a directory does",
        undo="moves dumps saved in that directory to /var/crash, and makes ROOTRAID/crash the link it was",
        expects=("links.crash",),
        break_shell="link=$rootraid/crash\n"
        + _KEEP_LINK
        + """\
target=$(readlink "$link")
rm "$link"
mkdir "$link"
ln -snf "$target" "$link"
""",
        heal_shell="""\
link=$rootraid/crash
if [ -d "$link" ] && [ ! -L "$link" ]; then
    find "$link" -maxdepth 1 -type l -delete
    find "$link" -mindepth 1 -maxdepth 1 -exec mv -t "$upper/var/crash" {} +
    rmdir "$link"
fi
"""
        + _PUT_BACK,
    ),
    Fault(
        id="boot-link-absolute",
        title="ROOTRAID/boot is an absolute link, which the capture kernel cannot follow",
        effect="makes ROOTRAID/boot point to the same place by its path on the running node",
        undo="makes ROOTRAID/boot the relative link it was",
        expects=("links.boot",),
        break_shell="link=$rootraid/boot\n" + _KEEP_LINK + 'ln -snfT "$upper/boot" "$link"\n',
        heal_shell="link=$rootraid/boot\n" + _PUT_BACK,
    ),
)
