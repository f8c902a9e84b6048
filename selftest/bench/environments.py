# SPDX-License-Identifier: Apache-2.0
"""Throw-away environments for the programs we compare with; they are no dependencies of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

#: By environment: what pip is asked for. pyinfra wants another paramiko than testinfra, so each has its own.
PEERS = {
    "ansible": ("ansible-core",),
    "asyncssh": ("asyncssh",),
    "pyinfra": ("pyinfra",),
    "testinfra": ("pytest-testinfra", "paramiko"),
}
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kdumpcheck" / "bench"


def place(name: str) -> Path:
    """The bin directory of a peer's environment, made when it is not there yet."""
    directory = _CACHE / name
    done = directory / ".installed"
    if not done.exists():
        shutil.rmtree(directory, ignore_errors=True)
        print(f"installing {', '.join(PEERS[name])} into an environment of its own")
        subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
        subprocess.run([str(directory / "bin" / "pip"), "install", "--quiet", *PEERS[name]], check=True)
        done.touch()
    return directory / "bin"


def version(name: str, package: str) -> str:
    """The version of a package in a peer's environment."""
    argv = [str(place(name) / "python"), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
