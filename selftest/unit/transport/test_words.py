# SPDX-License-Identifier: Apache-2.0
"""What is shown to people and what is kept from them: errors, secrets, tokens."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.transport import Secret, SecretError, SshSettings, TransportError
from kdumpcheck.transport.errors import clean
from kdumpcheck.transport.tokens import TokenError, expand, expand_path


def test_an_error_is_one_line_led_by_the_node() -> None:
    error = TransportError("refused", "ncn-w001", "refuses connections")
    assert (str(error), error.kind, error.node) == ("ncn-w001: refuses connections", "refused", "ncn-w001")
    error.attempts = ("first", "second")
    assert str(error) == "ncn-w001: refuses connections (tried 3 times)"


@given(st.one_of(st.text(), st.binary()))
def test_whatever_a_peer_says_is_shown_as_one_printable_line(said: str | bytes) -> None:
    shown = clean(said)
    assert shown.isprintable()
    assert len(shown) <= 300


def test_terminal_escapes_are_shown_and_not_obeyed() -> None:
    assert clean("\x1b[31mred\r\nalert\x07 \u202e") == "\\x1b[31mred alert\\x07 \\u202e"
    assert clean(b"\xff\xfe") == "\\xff\\xfe"


def test_a_secret_is_fetched_once_and_never_shown() -> None:
    fetched: list[int] = []

    def fetch() -> str:
        fetched.append(1)
        return "hunter2"

    secret = Secret(fetch)
    assert (secret.reveal(), secret.reveal(), len(fetched)) == ("hunter2", "hunter2", 1)
    assert "hunter2" not in repr(secret) + str(secret) + repr(SshSettings(password=secret))


def test_a_password_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("the first line\r\nthe second\n")
    path.chmod(0o600)
    assert Secret.from_file(path).reveal() == "the first line"


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (b"secret\n", 0o640, "can be read by others: chmod 600"),
        (b"\nsecret\n", 0o600, "its first line is empty"),
        (b"\xff\xfe\n", 0o600, "is not UTF-8 text"),
        (None, 0o600, "No such file"),
    ],
)
def test_a_password_file_that_cannot_be_used(tmp_path: Path, content: bytes | None, mode: int, said: str) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(SecretError, match=said) as caught:
        Secret.from_file(path).reveal()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("place", [".", "/dev/null", "/dev/zero"])
def test_nobody_is_told_to_chmod_what_is_no_password_file(place: str) -> None:
    with pytest.raises(SecretError, match="neither a file nor a pipe") as caught:
        Secret.from_file(Path(place)).reveal()
    assert "chmod" not in str(caught.value)


def test_a_password_through_a_pipe_of_the_shell() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        file.write(b"from a store\n")
    try:
        assert Secret.from_file(Path(f"/dev/fd/{read}")).reveal() == "from a store"
    finally:
        os.close(read)


def test_a_prompt_needs_a_terminal() -> None:
    # Without a terminal, as under cron.
    script = (
        "from kdumpcheck.transport import Secret\n"
        "try: Secret.from_prompt('Password: ').reveal()\n"
        "except ValueError as error: print(error)"
    )
    argv = ["setsid", "--wait", sys.executable, "-c", script]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert done.stdout == "there is no terminal to ask for a password on: give it in a file\n"


def test_a_prompt_reads_what_is_typed_unseen() -> None:
    script = "from kdumpcheck.transport import Secret\ns = Secret.from_prompt('Password: ')\nprint(len(s.reveal()), s)"
    master, terminal = pty.openpty()
    argv = ["setsid", "--ctty", "--wait", sys.executable, "-c", script]
    process = subprocess.Popen(argv, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    said = b""
    while b"Password: " not in said:
        said += os.read(master, 1000)
    os.write(master, b"hunter2\n")
    with suppress(OSError):  # the other end has been closed
        while data := os.read(master, 1000):
            said += data
    os.close(master)
    assert process.wait(10) == 0
    assert b"7 Secret(...)" in said
    assert b"hunter2" not in said


def test_tokens() -> None:
    assert expand("%h:%%p", {"h": "host"}) == "host:%p"
    assert expand("%%h", {"h": "host"}) == "%h"
    assert expand("%l", {"l": lambda: "asked"}) == "asked"
    for text in ("%x", "100%"):
        with pytest.raises(TokenError):
            expand(text, {"h": "host"})


def test_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/fred")
    monkeypatch.setenv("KEYS", "/keys")
    assert expand_path("~/.ssh/%h", {"h": "host"}) == Path("/home/fred/.ssh/host")
    assert expand_path("${KEYS}/a~b", {}) == Path("/keys/a~b")
