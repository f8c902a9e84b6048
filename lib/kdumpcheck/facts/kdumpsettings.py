# SPDX-License-Identifier: Apache-2.0
"""The language of kdump.conf (RHEL, Fedora), as kdumpctl reads it: on the node, and in the initrd's own copy.

Source: rhkdump/kdump-utils kdumpctl parse_config, kdump-lib-initramfs.sh kdump_read_conf; kdump.conf(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

#: File systems that the capture kernel mounts for the dump.
FILE_SYSTEMS: Final = ("ext2", "ext3", "ext4", "xfs", "btrfs", "minix", "virtiofs")
REMOTE: Final = ("nfs", "ssh")
_TARGETS: Final = ("raw", *REMOTE, *FILE_SYSTEMS)
_OPTIONS: Final = (
    "path", "core_collector", "kdump_post", "kdump_pre", "extra_bins", "extra_modules", "failure_action", "default",
    "final_action", "force_rebuild", "force_no_rebuild", "fence_kdump_args", "fence_kdump_nodes", "sshkey",
    "auto_reset_crashkernel", "dracut_args",
)  # fmt: skip
_GONE: Final = ("net", "options", "link_delay", "disk_timeout", "debug_mem_level", "blacklist")
_VALUES: Final = {
    "failure_action": ("reboot", "halt", "poweroff", "shell", "dump_to_rootfs"),
    "final_action": ("reboot", "halt", "poweroff"),
    "force_rebuild": ("0", "1"),
    "force_no_rebuild": ("0", "1"),
}
#: dracut's own option, by which a target can be given, too: device, mount point, file system and options in one word.
_MOUNT: Final = re.compile(r"--mount(?:=|\s+)(?:\"([^\"]*)\"|'([^']*)'|(\S+))")
PATH: Final = "/var/crash"


@dataclass(frozen=True, slots=True)
class Target:
    """Where dumps go: `kind` is the option's own word, or the file system of a `dracut_args --mount` (`by_dracut`)."""

    kind: str
    spec: str
    by_dracut: bool = False

    @property
    def remote(self) -> bool:
        """Whether the dump leaves this node."""
        return self.kind in REMOTE or self.kind.startswith("nfs")


@dataclass(frozen=True, slots=True)
class KdumpSettings:
    """The options and values of one kdump.conf, in order; a value is "" where none is given."""

    lines: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, lines: Iterable[str]) -> Self:
        """Take comments, blanks and the quotes around a value away."""
        return cls(tuple(_split(line) for line in lines if line.partition("#")[0].strip()))

    def get(self, option: str) -> str:
        """An option's value, the last one; "" where it is not set."""
        return next((value for name, value in reversed(self.lines) if name == option), "")

    @property
    def targets(self) -> tuple[Target, ...]:
        """What the options name as places for dumps; kdumpctl takes one at most."""
        named = [Target(option, value) for option, value in self.lines if option in _TARGETS]
        for option, value in self.lines:
            if option == "dracut_args":
                words = [next(filter(None, found), "").split() for found in _MOUNT.findall(value)]
                named += [Target(each[2] if len(each) > 2 else "", each[0], by_dracut=True) for each in words if each]
        return tuple(named)

    @property
    def target(self) -> Target | None:
        """The one that counts; None where `path` alone says where dumps go."""
        targets = self.targets
        return targets[-1] if targets else None

    @property
    def path(self) -> str:
        """The directory within the target, or that of the node where no target is given."""
        return "/" + "/".join(part for part in (self.get("path") or PATH).split("/") if part)

    @property
    def failure_action(self) -> str:
        """What is done when saving fails; `default` is its old name."""
        return self.get("failure_action") or self.get("default") or "reboot"

    @property
    def final_action(self) -> str:
        """What is done when the dump is saved."""
        return self.get("final_action") or "reboot"

    @property
    def collector(self) -> str:
        """The command that writes the dump."""
        return self.get("core_collector") or "makedumpfile -l --message-level 7 -d 31"

    @property
    def problem(self) -> str:
        """Why kdumpctl would start no kdump with this; "" where it would."""
        seen: set[str] = set()
        for option, value in self.lines:
            if option in _GONE:
                return f"{option} is an option of long ago"
            if option not in _OPTIONS and option not in _TARGETS:
                return f"{option} is no option"
            if not value:
                return f"{option} has no value"
            name = "failure_action" if option == "default" else option
            if name in _VALUES and value not in _VALUES[name]:
                return f"{option} is {value}, and none of {', '.join(_VALUES[name])}"
            if name in seen and name not in _TARGETS:
                return f"{name} is given twice"
            seen.add(name)
        targets = self.targets
        if len(targets) > 1:
            return f"{len(targets)} targets are given ({', '.join(target.kind for target in targets)})"
        if targets and targets[0].kind == "ssh" and "@" not in targets[0].spec:
            return f"ssh {targets[0].spec} names no user"
        if self.get("force_rebuild") == self.get("force_no_rebuild") == "1":
            return "force_rebuild and force_no_rebuild are both on"
        return ""


def _split(line: str) -> tuple[str, str]:
    option, *rest = line.partition("#")[0].split(None, 1)
    value = rest[0].strip() if rest else ""
    return option, value[1:-1].strip() if len(value) > 1 and value[0] == value[-1] == '"' else value
