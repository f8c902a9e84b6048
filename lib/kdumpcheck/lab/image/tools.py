# SPDX-License-Identifier: Apache-2.0
"""Running the programs an image is built with: logged, never silent, and gone when we go."""

from __future__ import annotations

import errno
import shutil
import subprocess
import time
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
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "lz4": "lz4",
    "zstd": "zstd",
    "dpkg-deb": "dpkg",
}
"""Program and the Debian package that brings it."""

_DEADLINE: Final = 1800.0
_ATTEMPTS: Final = 20

# Should we be killed, the program goes with us, and with it all it started: they live in a namespace of their own.
_LEASH: Final = ("setpriv", "--pdeathsig", "KILL")
_NAMESPACE: Final = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child")
# The mounts are in that namespace, too: they end with the program, however it ends.
_ENTER_ROOT: Final = (
    'mount --bind /dev "$0/dev" && mount -t proc proc "$0/proc" && mount -t sysfs -o ro sysfs "$0/sys" '
    '&& exec chroot "$0" "$@"'
)


def require_host() -> None:
    """Raise LabError unless this machine can build an image: the programs are there, and we are root."""
    require_tools(REQUIRED)
    require_root("building the node image")


def remove_tree(path: Path) -> None:
    """Remove a directory if it is there, though a program that was just killed may still be filling it."""
    for attempt in range(_ATTEMPTS):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            if not path.exists():
                return
        except OSError as error:
            if error.errno != errno.ENOTEMPTY or attempt == _ATTEMPTS - 1:
                raise ImageError(f"{path} cannot be removed: {error.strerror}") from error
        else:
            return
        time.sleep(0.1)  # who still writes there is on its way out, and nothing tells when it is gone


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs programs for one build; their output goes to one log file."""

    log: Path

    def __post_init__(self) -> None:
        self.log.write_bytes(b"")

    def run(self, argv: Sequence[str | Path]) -> None:
        """Run a program to its end; raise ImageError naming it, its last words and the log if it fails."""
        self._run(str(argv[0]), [*_LEASH, *argv])

    def run_apart(self, argv: Sequence[str | Path]) -> None:
        """Run a program that starts others and mounts: none of them, and no mount, outlives it."""
        self._run(str(argv[0]), [*_LEASH, *_NAMESPACE, "--mount-proc", *argv])

    def run_in(self, root: Path, argv: Sequence[str | Path]) -> None:
        """Run a program inside the node's root, with /dev, /proc and /sys only it can see."""
        clean = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C", "TERM": "dumb"}
        self._run(str(argv[0]), [*_LEASH, *_NAMESPACE, "sh", "-c", _ENTER_ROOT, root, *argv], clean)

    def _run(self, name: str, argv: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
        words = [str(word) for word in argv]
        with self.log.open("ab") as log:
            log.write(f"+ {' '.join(words)}\n".encode())
            log.flush()
            start = log.tell()
            try:
                subprocess.run(
                    words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, check=True, timeout=_DEADLINE
                )
            except subprocess.CalledProcessError as error:
                said = self._last_line(start)
                raise ImageError(f"{name} failed ({said}); the whole log is {self.log}") from error
            except subprocess.TimeoutExpired as error:
                raise ImageError(f"{name} did not end within {_DEADLINE:.0f} s; the log is {self.log}") from error

    def _last_line(self, start: int) -> str:
        text = self.log.read_bytes()[start:].decode(errors="backslashreplace")
        spoken = [line.strip() for line in text.split("\n") if line.strip()]
        return spoken[-1][:200] if spoken else "it said nothing"
