# SPDX-License-Identifier: Apache-2.0
"""The example for pipelines in docs/ci really runs, and stops the pipeline for a bad image."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from selftest.unit.image import made

ROOT = Path(__file__).parents[3]


def gate(image: Path, reports: Path, boot: str = "0") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTEST": str(Path(sys.executable).with_name("pytest")), "BOOT": boot}
    argv = [str(ROOT / "docs/ci/image-gate.sh"), str(image), str(reports)]
    return subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=600)


@pytest.mark.parametrize(("spoilt", "status", "says"), [(False, 0, "0 failures, exit code 0"), (True, 1, "1 failures")])
def test_the_example_for_pipelines_runs(tmp_path: Path, *, spoilt: bool, status: int, says: str) -> None:
    root = made.root(tmp_path / "root")
    made.kernel(tmp_path / "vmlinuz")
    made.initrd(tmp_path / "initrd.img.xz", hook=not spoilt)
    (tmp_path / "cmdline").write_text(made.CMDLINE + "\n")
    result = gate(made.squashed(root), tmp_path / "reports")
    assert result.returncode == status, result.stdout + result.stderr
    assert says in result.stdout
    assert (tmp_path / "reports/junit.xml").is_file()


@pytest.mark.parametrize(
    ("boot", "status", "says"),
    [
        ("1", 4, "--image-boot needs what boots the image"),
        ("crash", 4, "--image-boot needs what"),
        ("yes", 4, "0, 1 or"),
    ],
)
def test_a_boot_is_asked_for_by_a_word(tmp_path: Path, boot: str, status: int, says: str) -> None:
    result = gate(made.squashed(made.root(tmp_path / "root")), tmp_path / "reports", boot)
    assert (result.returncode, says in result.stderr) == (status, True), result.stdout + result.stderr
