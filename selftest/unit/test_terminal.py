# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.terminal import plain


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"[\x1b[0;32m  OK  \x1b[0m] Started ssh\r\n", "[  OK  ] Started ssh\n"),
        (b"\x1b[2J\x1b[1;1Hboot", "boot"),
        (b"\x1b(B\x1b)0\x1b=\x1b>\x1b7\x1b8\x1bcboot", "boot"),
        (b"\x1b[38:5:1m\x1b[?25l\x1b[!pboot", "boot"),
        (b"\x1b]0;title\x07x", "x"),
        (b"\x1b]3008;start=1;type=boot\x1b\\x", "x"),
        (b"\x1b]8;;http://a\x07x", "x"),
        (b"\x1b]0;no end", "\\x1b]0;no end"),
        (b"\x1b]0;two\nlines\x07", "\\x1b]0;two\nlines\\x07"),
        (b"\x1b\x1b[31mx", "\\x1bx"),
        (b"a\x07b\x00c", "a\\x07b\\x00c"),
        (b"\xff\xfe\x9b", "\\xff\\xfe\\x9b"),
        ("\x9b31m".encode(), "\\x9b31m"),
        ("é\tü\n".encode(), "é\tü\n"),
        ("\u202egnp".encode(), "\\u202egnp"),
    ],
)
def test_a_console_cannot_order_the_terminal_about(output: bytes, text: str) -> None:
    assert plain(output) == text


ODD = st.sampled_from([b"\x1b", b"[", b"]", b"P", b"\x07", b"\\", b"m", b"3", b";", b"\r", b"\n", b"\x9b", b"\xc3"])


@given(st.lists(ODD | st.binary(max_size=3), max_size=60).map(b"".join))
def test_nothing_that_a_terminal_would_obey_is_left(output: bytes) -> None:
    text = plain(output)
    assert all(char.isprintable() or char in "\n\t" for char in text)
    assert len(text) <= 10 * len(output)
