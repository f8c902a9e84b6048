# SPDX-License-Identifier: Apache-2.0
"""Throw-away environments: kdumpcheck as an operator has it, and what we compare with, which is no dependency of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from kdumpcheck.catalogue import load_checks

ROOT = Path(__file__).parents[2]
#: By environment: what pip is asked for. pyinfra wants another paramiko than testinfra, so each has its own.
ASKED: dict[str, tuple[str, ...]] = {
    "kdumpcheck": ("--editable", str(ROOT)),  # without the developers' packages, whose pytest plugins take time
    "ansible": ("ansible-core",),
    "asyncssh": ("asyncssh",),
    "pyinfra": ("pyinfra",),
    "testinfra": ("pytest-testinfra", "paramiko"),
}
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kdumpcheck" / "bench"


def own_checks() -> int:
    """How many checks the project has."""
    return len(load_checks(ROOT / "tests" / "validation"))


def place(name: str) -> Path:
    """The bin directory of an environment, made when it is not there yet."""
    asked = hashlib.sha256(" ".join(ASKED[name]).encode()).hexdigest()[:8]
    directory = _CACHE / f"{name}-{asked}"
    done = directory / ".installed"
    if not done.exists():
        shutil.rmtree(directory, ignore_errors=True)
        print(f"installing {ASKED[name][-1]} into an environment of its own")
        subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
        subprocess.run([str(directory / "bin" / "pip"), "install", "--quiet", *ASKED[name]], check=True)
        done.touch()
    return directory / "bin"


def version(name: str, package: str) -> str:
    """The version of a package in an environment."""
    argv = [str(place(name) / "python"), "-c", f"import importlib.metadata as m; print(m.version({package!r}))"]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
