# SPDX-License-Identifier: Apache-2.0
"""Consoles of a source that the test feeds: it stands in for a BMC, a file or a program."""

from __future__ import annotations

import queue
import stat
import threading
from pathlib import Path

import pytest

from kdumpcheck.power.console import ConsoleError, Line
from kdumpcheck.power.console_keep import Keep
from kdumpcheck.power.console_source import Note
from kdumpcheck.power.console_watch import WAITING, Watch

LONG = 60.0


class Fed:
    """A source that gives what it is fed, in order; an exception is raised."""

    where = "a test's console"

    def __init__(self, *pieces: bytes | Note | Exception) -> None:
        self._pieces: queue.SimpleQueue[bytes | Note | Exception] = queue.SimpleQueue()
        self.closed = 0
        self.feed(*pieces)

    def feed(self, *pieces: bytes | Note | Exception) -> None:
        for piece in pieces:
            self._pieces.put(piece)

    def read(self, seconds: float) -> list[bytes | Note]:
        try:
            piece = self._pieces.get(timeout=seconds)
        except queue.Empty:
            return []
        if isinstance(piece, Exception):
            raise piece
        return [piece]

    def close(self) -> None:
        self.closed += 1


def read(console: Watch, count: int) -> list[Line]:
    """So many lines."""
    lines: list[Line] = []
    while len(lines) < count:
        got = console.read(LONG)
        assert got, "nothing came"
        lines += got
    return lines


def test_lines_come_in_order_with_times_that_do_not_go_back() -> None:
    with Watch("n", Fed(b"one\ntwo\n", b"three\n", b"login: ")) as console:
        lines = read(console, 4)
    assert [line.text for line in lines] == ["one", "two", "three", "login:"]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[-1].at >= lines[-2].at + 0.9  # handed out after a second without a byte
    assert not any(line.note for line in lines)


def test_a_console_that_shows_nothing_gives_nothing() -> None:
    with Watch("n", Fed()) as console:
        assert console.read(0.0) == []
        assert console.read(0.3) == []


def test_a_read_that_waits_ends_with_the_line() -> None:
    source = Fed()
    with Watch("n", source) as console:
        timer = threading.Timer(0.2, source.feed, [b"late\n"])
        timer.start()
        assert [line.text for line in console.read(LONG)] == ["late"]
        timer.join()


def test_our_own_words_are_told_apart_and_end_a_line() -> None:
    with Watch("n", Fed(b"half", Note("lost"), b"rest\n")) as console:
        assert [(line.text, line.note) for line in read(console, 3)] == [
            ("half", False),
            ("lost", True),
            ("rest", False),
        ]


def test_after_the_last_line_it_is_an_error_each_time() -> None:
    with Watch("n", Fed(b"last wor", b"ds", ConsoleError("lost", "n", "it is gone"))) as console:
        assert [line.text for line in read(console, 1)] == ["last words"]
        for _ in range(2):
            with pytest.raises(ConsoleError, match="n: it is gone") as lost:
                console.read(LONG)
            assert lost.value.kind == "lost"


def test_whatever_fails_in_a_source_is_an_error_and_no_hang() -> None:
    with Watch("n", Fed(RuntimeError("with a secret"))) as console, pytest.raises(ConsoleError) as failed:
        console.read(LONG)
    assert str(failed.value) == "n: a test's console failed: RuntimeError"


def test_a_closed_console_gives_its_source_back_once_and_wakes_who_waits() -> None:
    source = Fed()
    console = Watch("n", source)
    raised: list[ConsoleError] = []

    def wait() -> None:
        try:
            console.read(LONG)
        except ConsoleError as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    console.close()
    console.close()
    waiting.join(LONG)
    assert [error.kind for error in raised] == ["closed"]
    assert source.closed == 1
    assert "kdumpcheck-console" not in {thread.name for thread in threading.enumerate()}


def test_what_nobody_reads_is_dropped_from_its_beginning_and_counted() -> None:
    size, count = 1000, 3 * WAITING // 1000
    source = Fed(*(b"%06d%s\n" % (number, b"x" * size) for number in range(count)), ConsoleError("ended", "n", "over"))
    with Watch("n", source) as console:
        console._thread.join(LONG)
        first, *rest = console.read(0)
    assert first.note
    assert first.text == f"{count - len(rest)} lines were dropped here: they came faster than they were read"
    assert [int(line.text[:6]) for line in rest] == list(range(count - len(rest), count))
    assert sum(len(line.text) for line in rest) <= WAITING


def test_the_bytes_are_kept_as_they_came_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "console"
    path.write_text("of another day")
    with Watch("n", Fed(b"\x1b[31mred\r\n", Note("ours"), b"\xff"), Keep(path)) as console:
        read(console, 3)
    assert path.read_bytes() == b"\x1b[31mred\r\n\xff"
    other = tmp_path / "new"
    Keep(other).close()
    assert stat.S_IMODE(other.stat().st_mode) == 0o600


def test_what_is_kept_has_a_limit_that_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "console"
    with Watch("n", Fed(b"12345\n", b"67890\n", b"more\n"), Keep(path, 9)) as console:
        lines = read(console, 4)
    assert path.read_bytes() == b"12345\n678"
    assert [line.text for line in lines if not line.note] == ["12345", "67890", "more"]
    assert [line.text for line in lines if line.note] == [
        f"no more of the console is kept in {path}: it is as large as it may be"
    ]


def test_a_full_disk_ends_what_is_kept_and_not_the_console() -> None:
    with Watch("n", Fed(b"one\n", b"two\n"), Keep(Path("/dev/full"))) as console:
        lines = read(console, 3)
    assert [line.text for line in lines if not line.note] == ["one", "two"]
    assert "No space left on device" in next(line.text for line in lines if line.note)


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="link"):
        Keep(tmp_path / "link")
