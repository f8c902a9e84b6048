# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kdumpcheck.lab.console import follow, plain


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"[\x1b[0;32m  OK  \x1b[0m] Started ssh\r\n", "[  OK  ] Started ssh\n"),
        (b"\x1b[2J\x1b[1;1Hboot", "boot"),
        (b"a\x07b\x00c", "a\\x07b\\x00c"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"\x1b]0;title\x07x", "\\x1b]0;title\\x07x"),
        ("é\tü\n".encode(), "é\tü\n"),
        ("\u202egnp".encode(), "\\u202egnp"),
    ],
)
def test_a_console_cannot_order_the_terminal_about(output: bytes, text: str) -> None:
    assert plain(output) == text


def test_following_shows_what_was_what_comes_and_ends_with_the_lab(tmp_path: Path) -> None:
    node = tmp_path / "ncn-m001"
    node.mkdir()
    log = node / "console.log"
    log.write_bytes(b"old line\nlogin: ")
    pieces = follow(node)
    assert next(pieces) == "old line\n"
    assert next(pieces) == "login: "  # a prompt, not half a line
    with log.open("ab") as stream:
        stream.write("halb \xc3".encode("latin-1"))
    with log.open("ab") as stream:
        stream.write(b"\xa9\nnext")
    assert next(pieces) == "halb é\n"
    shutil.rmtree(node)
    assert list(pieces) in (["next"], [])


def test_only_the_end_of_a_long_log_is_shown_first(tmp_path: Path) -> None:
    (tmp_path / "console.log").write_bytes(b"x" * 100_000 + b"\nend\n")
    assert next(follow(tmp_path)).endswith("end\n")
    assert len(next(follow(tmp_path))) <= 8192
