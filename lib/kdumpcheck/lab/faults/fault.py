# SPDX-License-Identifier: Apache-2.0
"""One way a node can be wrong, described so that it can be put there and taken away again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PRELUDE: Final = """\
fail() { echo "$1" >&2; exit 1; }
rootraid=/run/initramfs/overlayfs
upper=$(readlink -f /run/overlayfs)
kver=$(uname -r)
initrd=/boot/initrd-$kver-kdump
# Nothing of a healed fault stays behind.
forget() { rm -rf "$kept"; rmdir "${kept%/*}" 2>/dev/null || :; }
"""
"""What every piece of shell of a fault may use; besides, `$kept` is its own place for what it must put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault: either shell that is run on the node, or another kernel command line, or both.

    `break_shell` fails in one line where it cannot do its work, and `heal_shell` also mends what was broken by
    halves. Both are POSIX sh run by `sh -eu` as root after `PRELUDE`.
    """

    id: str
    title: str
    """what is wrong, as an operator would say it"""
    effect: str
    """what `lab break` does to the node"""
    undo: str
    """what `lab heal` does to the node"""
    expects: tuple[str, ...]
    """ids of the checks that should notice"""
    needs: Literal["vm", "container", "any"] = "any"
    break_shell: str = ""
    heal_shell: str = ""
    drop: tuple[str, ...] = ()
    """parameters taken off the kernel command line, by the name before their `=`"""
    add: tuple[str, ...] = ()
    """words put at the end of the kernel command line"""
    reboot: bool = False
    """whether the shell part only shows after a boot"""

    @property
    def restarts(self) -> bool:
        """Whether breaking and healing boot the node."""
        return self.reboot or bool(self.drop or self.add)

    def fits(self, kind: str) -> bool:
        """Whether a node of this kind ("vm", "container") can have it."""
        return self.needs in ("any", kind)

    def edit(self, words: list[str]) -> list[str]:
        """A kernel command line with this fault in it."""
        return [word for word in words if word.partition("=")[0] not in self.drop] + list(self.add)

    def script(self, shell: str) -> str:
        """A whole script of one of its pieces of shell."""
        return f"{PRELUDE}kept=/var/lib/kdumpcheck-lab/{self.id}\n{shell}"
