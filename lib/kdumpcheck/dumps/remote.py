# SPDX-License-Identifier: Apache-2.0
"""A file on a node, read in ranges: its gigabytes stay there. The node needs sh and coreutils; perl makes it faster."""

from __future__ import annotations

import re
import shlex
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from kdumpcheck.dumps.window import CHUNK, PIECE_HEADER

#: Runs a sh script as root on the node and gives what it printed, at most `ANSWER` bytes.
Run = Callable[[str], bytes]

ANSWER = 8 << 20
"""Most bytes that one script answers."""
_BLOCK = 4096
_HEAD = 1 << 16
_WALK_BYTES, _WALK_PIECES = 4 << 20, 100_000
#: Page descriptors come in pieces smaller than this, the pages themselves in larger ones.
_SMALL = 4096
#: Bytes of small pieces that are kept until they are asked for: those of a dump of five million pages.
_KEPT = 128 << 20
_STAMP = re.compile(rb"(\d{1,19}) \d{1,20} -?\d{1,19} -?\d{1,19}\n", re.ASCII)
_PIECE = re.compile(rb"([0-9a-f]{32}) (\d{1,4})\n", re.ASCII)
_WORDS = {
    b"link": "is a link: name the file it leads to",
    b"absent": "is not there",
    b"special": "is no regular file",
    b"unreadable": "cannot be read",
    b"gone": "is gone",
}


class NodeFileError(OSError):
    """A file on a node cannot be read; the text is one line."""


class ChangedError(NodeFileError):
    """The file changed while it was read: it is still being saved, or was deleted."""


class NodeFile:
    """A window on a file on a node, for `inspect_window`; `run` is how its scripts get there, one exec each.

    Only absolute paths, and no links. `trips` counts scripts, `taken` bytes that came. Raises `NodeFileError`, and what
    `run` raises.
    """

    def __init__(self, run: Run, path: str) -> None:
        self._run = run
        self.path = path
        self.trips = self.taken = 0
        self._kept = _Kept()
        self._headers: dict[int, bytes] = {}
        answer = self._ask(f"head_of {_HEAD}\nstamp\n")
        stamp = _STAMP.match(answer)
        if stamp is None:
            raise NodeFileError(f"{self.path} {_WORDS.get(answer.strip(), 'could not be looked at on the node')}")
        self._stamp = stamp[0]
        self.size = int(stamp[1])
        data = self._unchanged(answer[stamp.end() :])
        self._kept.add(0, self._whole(data, min(_HEAD, self.size)))

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there, as far as there are any."""
        return self.read_all([(offset, length)])[0]

    def read_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """As `read`, for several ranges in one go."""
        wanted = [self._inside(*each) for each in ranges]
        missing = [each for each in wanted if each[1] and self._kept.get(*each) is None]
        fetched = _Kept()
        if missing:
            self._fetch(_joined(missing), fetched)
        found = [self._kept.get(*each) or fetched.get(*each) or b"" for each in wanted]
        if len(missing) == 1:
            self._kept.recent = fetched
        return found

    def piece_header(self, place: int) -> bytes:
        """The bytes before a piece. Those of the pieces that follow come along, and what small ones hold."""
        if place not in self._headers and place + PIECE_HEADER <= self.size:
            self._walk(place)
        return self._headers.pop(place, b"")

    def _inside(self, offset: int, length: int) -> tuple[int, int]:
        length = min(length, CHUNK, self.size - offset)
        return (offset, length) if offset >= 0 and length > 0 else (0, 0)

    def _fetch(self, blocks: Sequence[tuple[int, int]], into: _Kept) -> None:
        """Fetch these blocks (first, count), as many at once as an answer may hold."""
        batch: list[tuple[int, int]] = []
        room = ANSWER // 2 // _BLOCK
        for first, count in blocks:
            if batch and sum(each[1] for each in batch) + count > room:
                self._fetch_batch(batch, into)
                batch = []
            batch.append((first, count))
        self._fetch_batch(batch, into)

    def _fetch_batch(self, batch: Sequence[tuple[int, int]], into: _Kept) -> None:
        # No here-document: bash would write it to a file on the node first.
        words = " ".join(f"'{first} {count}'" for first, count in batch)
        data = self._unchanged(self._ask(f"printf '%s\\n' {words} | blocks\nstamp\n"))
        ends = [(first * _BLOCK, min((first + count) * _BLOCK, self.size)) for first, count in batch]
        data = self._whole(data, sum(end - begin for begin, end in ends))
        for begin, end in ends:
            into.add(begin, data[: end - begin])
            data = data[end - begin :]

    def _walk(self, place: int) -> None:
        small = _SMALL if self._kept.room > 0 else 0
        walk = f"end={self.size}\nwalk {place} {_WALK_BYTES} {_WALK_PIECES} {small}\nstamp\n"
        rest = self._unchanged(self._ask(walk))
        at = 0
        while found := _PIECE.match(rest, at):
            self._headers[place] = bytes.fromhex(found[1].decode())
            length = int.from_bytes(self._headers[place][8:], "big", signed=True)
            data = rest[found.end() : found.end() + int(found[2])]
            self._kept.add(place + PIECE_HEADER, data)
            at = found.end() + len(data)
            place += PIECE_HEADER + length
        if at != len(rest):
            raise NodeFileError(f"{self.path} could not be looked at: the node's answer makes no sense")

    def _ask(self, commands: str) -> bytes:
        self.trips += 1
        answer = self._run(f"file={_quoted(self.path)}\n{_functions()}{commands}")
        self.taken += len(answer)
        return answer

    def _unchanged(self, answer: bytes) -> bytes:
        """The answer without its last line, which says that the file is as it was."""
        if answer.endswith(self._stamp):
            return answer[: -len(self._stamp)]
        if answer.endswith(b"\n") or not answer:
            raise ChangedError(f"{self.path} changed while it was read: is it still being saved?")
        raise NodeFileError(f"{self.path} was not read to its end: the node's answer was cut")

    def _whole(self, data: bytes, length: int) -> bytes:
        if len(data) != length:
            raise NodeFileError(f"{self.path} could not be read: {len(data)} bytes came instead of {length}")
        return data


class _Kept:
    """Stretches of the file that are here already, in the order in which they lie in it."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._data: list[bytes] = []
        self.room = _KEPT
        self.recent: _Kept | None = None

    def add(self, place: int, data: bytes) -> None:
        """Keep a stretch; it comes after all others, or is not kept."""
        if data and self.room > 0 and (not self._places or place >= self._places[-1]):
            self._places.append(place)
            self._data.append(data)
            self.room -= len(data) + 100

    def get(self, offset: int, length: int) -> bytes | None:
        """The bytes there, None when they are not all in one stretch."""
        found = bisect_right(self._places, offset) - 1
        if found >= 0:
            begin = offset - self._places[found]
            data = self._data[found][begin : begin + length]
            if len(data) == length:
                return data
        return self.recent.get(offset, length) if self.recent is not None else None


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The blocks that hold these ranges, each once: first and count, at most `CHUNK` in one."""
    joined: list[tuple[int, int]] = []
    for offset, length in sorted(ranges):
        first, end = offset // _BLOCK, (offset + length - 1) // _BLOCK + 1
        if joined and first <= sum(joined[-1]):
            joined[-1] = (joined[-1][0], max(end, sum(joined[-1])) - joined[-1][0])
        else:
            joined.append((first, end - first))
    return joined


def _quoted(path: str) -> str:
    if not path.startswith("/") or "\0" in path:
        raise NodeFileError(f"{path!r} is no absolute path")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise NodeFileError(f"{path!r} is a name that is no text") from None
    return shlex.quote(path)


@cache
def _functions() -> str:
    return resources.files("kdumpcheck.dumps").joinpath("remote.sh").read_text(encoding="utf-8")
