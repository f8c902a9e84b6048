# SPDX-License-Identifier: Apache-2.0
"""Completion, by the shells themselves: what stands on the line after Tab was pressed."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
STARTS: dict[str, tuple[str, ...]] = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
}
#: What is typed, and what kdumpcheck is then told; zsh takes the slash of a directory away again.
TYPED = {
    "plug\t--js\t": "<plugins --json>",
    "lab stat\t": "<lab status>",
    "power ncn-w001 stat\t--vi\tipmi": "<power ncn-w001 status --via ipmi>",
    "dumps --replay ke\t": "<dumps --replay kept",
    "diff --stri\tkept/res\t": "<diff --strict-warnings kept/results.json>",
}


class Terminal:
    """A shell on a terminal, as a person has it; it ends with the test."""

    def __init__(self, argv: Sequence[str], directory: Path) -> None:
        self._said = ""
        environ = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(directory), "TERM": "dumb", "LANG": "C.UTF-8"}
        ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, cwd=directory, env=environ, start_new_session=True
        )
        os.close(theirs)
        self._fd = ours
        os.set_blocking(ours, False)

    def type(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def wait_for(self, words: str) -> None:
        """Read until this was said."""
        end = time.monotonic() + 60
        while words not in self._said:
            assert time.monotonic() < end, self._said
            try:
                self._said += os.read(self._fd, 65536).decode(errors="replace")
            except BlockingIOError:
                time.sleep(0.02)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._fd)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with something to complete."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "results.json").touch()
    (tmp_path / "kernel").touch()  # no directory
    return tmp_path


@pytest.mark.parametrize("shell", STARTS)
def test_a_shell_completes_commands_options_and_files(shell: str, place: Path) -> None:
    terminal = Terminal(STARTS[shell], place)
    try:
        # The prompt comes with a mark that what is typed does not have.
        terminal.type("autoload -U compinit; compinit -u -D; PS1=\n" if shell == "zsh" else "PS1=\n")
        terminal.type(f'eval "$(kdumpcheck completion {shell})"; echo rea"dy"\n')
        terminal.wait_for("ready")
        terminal.type('kdumpcheck() { echo "<$*>"; }\n')
        for keys, told in TYPED.items():
            terminal.type(f"kdumpcheck {keys}\n")
            terminal.wait_for(told)
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("kdumpcheck plug", {"plugins"}),
        ("kdumpcheck lab st", {"status"}),
        ("kdumpcheck plugins --js", {"--json"}),
        ("kdumpcheck dumps --replay ke", {"kept/"}),
    ],
)
def test_fish_completes_commands_options_and_files(line: str, offered: set[str], place: Path) -> None:
    environ = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(place), "LANG": "C.UTF-8"}
    script = f"kdumpcheck completion fish | source; complete --do-complete '{line}'"
    argv = ["fish", "--no-config", "--command", script]
    done = subprocess.run(argv, cwd=place, env=environ, capture_output=True, text=True, timeout=600, check=True)
    assert {row.partition("\t")[0] for row in done.stdout.splitlines()} == offered
