# SPDX-License-Identifier: Apache-2.0
"""Running the few programs that make disks and keys, with their last words where one fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from kdumpcheck.image import ImageError
from kdumpcheck.lab.host import FOR_VMS

NEEDED: Final[Mapping[str, str]] = {
    **FOR_VMS,
    "ssh-keygen": "openssh-client",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
}
"""Program and the Debian package that brings it."""

_SECONDS: Final = 600.0


def search_path() -> str:
    """Where programs are looked for: makers of file systems are out of an ordinary user's sight on Debian."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def missing() -> dict[str, str]:
    """The programs that are not there, and the Debian packages that bring them."""
    return {program: package for program, package in NEEDED.items() if not shutil.which(program, path=search_path())}


def run(directory: Path, *argv: str) -> None:
    """Run a program in a directory. Raises `ImageError` with the last thing it said."""
    environment = {"PATH": search_path(), "LC_ALL": "C.UTF-8", "HOME": str(directory)}
    done = _ended(directory, argv, environment)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "backslashreplace").strip().splitlines()
        raise ImageError(f"{argv[0]} failed: {said[-1][:200] if said else f'exit status {done.returncode}'}")


def _ended(directory: Path, argv: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            argv,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ImageError(f"{argv[0]} did not end within {_SECONDS:.0f} s") from None
