# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path

from kdumpcheck.lab.console import follow


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
