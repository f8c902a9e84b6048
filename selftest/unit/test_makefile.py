# SPDX-License-Identifier: Apache-2.0
"""`make` without root, where a package is missing: one line that says what to install."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from kdumpcheck.lab import host
from kdumpcheck.lab.image import tools

ROOT = Path(__file__).parents[2]
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.mark.parametrize("target", ["unit", "demo"])
def test_without_root_it_says_what_to_install(target: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        for file in ("Makefile", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / file, directory / file)
        (directory / "packages.apt").write_text("# What it needs.\nbash\nno-such-package  # beside Python\n")
        become = NOBODY if os.geteuid() == 0 else ()
        # A sudo that asks for a password, wherever the tests run.
        (directory / "sudo").write_text("#!/bin/sh\nexit 1\n")
        (directory / "sudo").chmod(0o755)
        environ = {"PATH": f"{directory}:/usr/sbin:/usr/bin:/sbin:/bin"}
        argv = [*become, "make", "--no-print-directory", target]
        done = subprocess.run(argv, cwd=directory, env=environ, capture_output=True, text=True, check=False)
        assert not (directory / ".venv").exists()
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert said == [
        "kdumpcheck: not root, so first run: sudo apt-get install -y --no-install-recommends no-such-package"
    ]
    assert done.returncode != 0


def test_all_that_the_lab_asks_for_is_installed_before_the_tests() -> None:
    """A package that only happens to be on our own machines is missed on a bare one, after half an hour."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / "packages.apt").read_text().splitlines())
    installed = {line for line in lines if line} | {"dpkg"}  # Debian is never without it.
    assert {*host.FOR_VMS.values(), *host.FOR_CONTAINERS.values(), *tools.REQUIRED.values()} <= installed
