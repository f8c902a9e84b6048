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
config=/etc/sysconfig/kdump
if [ -d /var/lib/kdump ]; then
    initrd=/var/lib/kdump/initrd crash=$rootraid/var/crash
else
    initrd=/boot/initrd-$kver-kdump crash=$rootraid/crash
fi
# Nothing of a healed fault stays behind.
forget() { rm -rf "$kept"; rmdir "${kept%/*}" 2>/dev/null || :; }
unload() { kexec -p -u; }
# Load what lies on disk, as the next boot would. Whether it loads, and the unit is green, is not ours to say.
reload() { systemctl restart kdump.service 2>/dev/null || :; }
"""
"""What every piece of shell of a fault may use; besides, `$kept` is its own place for what it must put back."""

LEGACY: Final = ("suse_legacy",)
NEW: Final = ("suse",)
DEBIAN: Final = ("kdump_tools",)
RHEL: Final = ("kdump_utils",)
RESTORE: Final = "nothing by itself: `kdumpcheck lab heal NODE --restore` makes the node anew"
"""How a fault is undone that has no way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault: either shell that is run on the node, or another kernel command line, or both.

    `break_shell` fails in one line where it cannot do its work, and `heal_shell` also mends what was broken by
    halves. Both are POSIX sh run by `sh -eu` as root after `PRELUDE`. A fault of the shell without `heal_shell` goes
    only with the node.
    """

    id: str
    title: str
    """what is wrong, as an operator would say it"""
    effect: str
    """what `lab break` does to the node"""
    undo: str = RESTORE
    """what `lab heal` does to the node"""
    expects: tuple[str, ...] = ()
    """ids of the checks that fail"""
    warns: tuple[str, ...] = ()
    """ids of the checks that warn"""
    errors: tuple[str, ...] = ()
    """ids of the checks that say they could not look"""
    outcome: Literal["dump", "elsewhere", "unusable", "none"]
    """what a crash was seen to leave"""
    dialects: tuple[str, ...] = (*LEGACY, *NEW)
    """kdump implementations it can exist in"""
    needs: Literal["vm", "container", "any"] = "any"
    break_shell: str = ""
    heal_shell: str = ""
    drop: tuple[str, ...] = ()
    """parameters taken off the kernel command line, by the name before their `=`"""
    add: tuple[str, ...] = ()
    """words put at the end of the kernel command line"""
    reboot: bool = False
    """whether the shell part only shows after a boot"""
    strikes_at_boot: bool = False
    """whether the dump is saved, and lost while the node boots afterwards"""

    @property
    def restarts(self) -> bool:
        """Whether breaking and healing boot the node."""
        return self.reboot or bool(self.drop or self.add)

    @property
    def heals(self) -> bool:
        """Whether `lab heal` can take it away again, and not only make the node anew."""
        return bool(self.heal_shell) or not self.break_shell

    def fits(self, kind: str) -> bool:
        """Whether a node of this kind ("vm", "container") can have it."""
        return self.needs in ("any", kind)

    def edit(self, words: list[str]) -> list[str]:
        """A kernel command line with this fault in it."""
        return [word for word in words if word.partition("=")[0] not in self.drop] + list(self.add)

    def script(self, shell: str) -> str:
        """A whole script of one of its pieces of shell."""
        return f"{PRELUDE}kept=/var/lib/kdumpcheck-lab/{self.id}\n{shell}"
