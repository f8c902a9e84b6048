# SPDX-License-Identifier: Apache-2.0
"""Running the programs an image is built with: logged, never silent, and gone when we go."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.host import require_root, require_tools
from kdumpcheck.lab.image.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

REQUIRED: Final = {
    "mmdebstrap": "mmdebstrap",
    "mksquashfs": "squashfs-tools",
    "mkfs.ext4": "e2fsprogs",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
    "lz4": "lz4",
    "dpkg-deb": "dpkg",
}
"""Program and the Debian package that brings it."""

_DEADLINE: Final = 1800.0
_NAMESPACE: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation", "private")
# The mounts live in a mount namespace of their own: they end with the program, however it ends.
_ENTER_ROOT: Final = (
    'mount --bind /dev "$0/dev" && mount -t proc proc "$0/proc" && mount -t sysfs -o ro sysfs "$0/sys" '
    '&& exec chroot "$0" "$@"'
)


def require_host() -> None:
    """Raise LabError unless this machine can build an image: the programs are there, and we are root."""
    require_tools(REQUIRED)
    require_root("building the node image")


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs for one build; their output goes to one log file."""

    log: Path

    def run(self, argv: Sequence[str | Path], *, env: Mapping[str, str] | None = None, name: str | None = None) -> None:
        """Run a program to its end; raise ImageError naming it, its last words and the log if it fails."""
        words = [str(word) for word in argv]
        name = name or words[0]
        with self.log.open("ab") as log:
            log.write(f"+ {' '.join(words)}\n".encode())
            log.flush()
            try:
                subprocess.run(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, check=True, timeout=_DEADLINE
                )
            except subprocess.CalledProcessError as error:
                raise ImageError(f"{name} failed ({self._last_line()}); the whole log is {self.log}") from error
            except subprocess.TimeoutExpired as error:
                raise ImageError(f"{name} did not end within {_DEADLINE:.0f} s; the log is {self.log}") from error

    def run_in(self, root: Path, argv: Sequence[str | Path]) -> None:
        """Run a program inside the node's root, with /dev, /proc and /sys only it can see."""
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C", "TERM": "dumb"}
        self.run([*_NAMESPACE, "sh", "-c", _ENTER_ROOT, root, *argv], env=clean, name=str(argv[0]))

    def _last_line(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="backslashreplace").split("\n")
        spoken = [line.strip() for line in lines if line.strip()]
        return spoken[-1][:200] if spoken else "it said nothing"
