# SPDX-License-Identifier: Apache-2.0
"""Output that nobody takes, as a closed one or a full disk: one line at most, and an exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [("explain",), ("explain", "initrd.present"), ("plugins",), ("probe",), ("completion", "bash")]


def ran(words: tuple[str, ...], output: str) -> tuple[int, str]:
    """What `kdumpcheck ...` with its output led elsewhere by a shell exits with, and says on standard error."""
    argv = ["sh", "-c", f'"$@" {output}', "sh", sys.executable, "-m", "kdumpcheck.cli", *words]
    done = subprocess.run(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False, timeout=300)
    return done.returncode, done.stderr


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_full_disk_is_one_line_and_no_good_end(words: tuple[str, ...]) -> None:
    line = "kdumpcheck: the output could not be written to its end (No space left on device)\n"
    assert ran(words, ">/dev/full") == (1, line)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_who_closed_it_wants_the_exit_code_alone(words: tuple[str, ...]) -> None:
    assert ran(words, ">&-") == (0, "")


def test_a_bad_end_stays_one_with_the_output_closed(tmp_path: Path) -> None:
    (tmp_path / "vmcore").write_bytes(b"none")
    assert ran(("vmcore", str(tmp_path)), ">&-") == (1, "")
