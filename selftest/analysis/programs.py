# SPDX-License-Identifier: Apache-2.0
"""The programs that a dump is for: crash(8) and makedumpfile(8), asked by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

#: Each program with Debian's package of it.
NEEDED = {
    "crash": "crash",
    "drgn": "python3-drgn",
    "makedumpfile": "makedumpfile",
    "objcopy": "binutils",
    "unshare": "util-linux",
}
_SECONDS = 300


def missing() -> str | None:
    """How to install what is not here; None when all is."""
    packages = [package for program, package in NEEDED.items() if shutil.which(program) is None]
    return f"sudo apt-get install -y --no-install-recommends {' '.join(packages)}" if packages else None


def without(program: str, work: Path) -> str:
    """A $PATH on which all is but this program."""
    work.mkdir()
    for place in os.get_exec_path():
        for path in Path(place).glob("*"):
            if path.name != program and not (work / path.name).is_symlink():
                (work / path.name).symlink_to(path)
    return str(work)


def crash(symbols: Path, *vmcores: Path, ask: str) -> subprocess.CompletedProcess[str]:
    """What crash(8) answers to commands, a line each."""
    argv = ["crash", "-s", "--no_scroll", "--no_crashrc", str(symbols), *map(str, vmcores)]
    # A core that it leaves is not wanted where the tests are.
    return subprocess.run(
        argv, input=f"{ask}\nquit\n", capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=symbols.parent
    )


def log_of(vmcore: Path, work: Path) -> bytes | None:
    """The kernel's log by makedumpfile; None where it reads none."""
    log = work / "makedumpfile.log"
    log.unlink(missing_ok=True)
    argv = ["makedumpfile", "--dump-dmesg", str(vmcore), str(log)]
    done = subprocess.run(argv, capture_output=True, timeout=_SECONDS, check=False)
    return log.read_bytes() if done.returncode == 0 else None


def unflatten(vmcore: Path, plain: Path) -> Path:
    """The same dump as makedumpfile writes it where it can seek."""
    with vmcore.open("rb") as stream:
        argv = ["makedumpfile", "-R", str(plain)]
        subprocess.run(argv, stdin=stream, capture_output=True, timeout=_SECONDS, check=True)
    return plain


def refilter(vmcore: Path, *options: str, parts: Sequence[Path]) -> None:
    """Write a dump once more, with other options of makedumpfile, to one file or to several."""
    argv = ["makedumpfile", *options, str(vmcore), *map(str, parts)]
    subprocess.run(argv, capture_output=True, timeout=_SECONDS, check=True)
