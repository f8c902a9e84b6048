# SPDX-License-Identifier: Apache-2.0
"""`python -m selftest.fuzz.vmcore N`: spoil dumps N times, and see that each gets an answer, and a sound one.

Whatever the bytes: no exception, no more reading than the file is long a few times, no long wait. A dump that was only
cut is incomplete; what a first look condemns, a full one condemns too.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from selftest.unit.dumps.made import BLOCK
from selftest.unit.dumps.sent import MADE, seen

from kdumpcheck.dumps import Verdict, Vmcore, inspect_window
from kdumpcheck.dumps.window import FileWindow

#: Where a dump says where what is: headers, descriptors, pieces, segments.
_PLACES = (
    *(0, 8, 12, 16, 24, 424, 428, 432, 436, 440, 460),
    *(BLOCK + each for each in (0, 8, 12, 16, 24, 32, 40, 48, 80, 88, 96)),
    *(BLOCK + 16 + each for each in (424, 428, 432, 436)),
    *(4 * BLOCK + 24 * page + each for page in (0, 1, 2, 4, 999) for each in (0, 8, 12)),
    *(32, 40, 48, 54, 56, 64, 72, 96, 120, 128, 152),
)
_NUMBERS = (
    0,
    1,
    2,
    7,
    8,
    16,
    24,
    0xFF,
    0x1000,
    0xFFFF,
    1 << 20,
    1 << 31,
    (1 << 32) - 1,
    1 << 40,
    1 << 62,
    (1 << 63) - 1,
)
_SLOW = 5.0
_SPARE = 1 << 22


class Stretch:
    """Bytes as a file, for `FileWindow`, without a copy of them."""

    def __init__(self, data: bytes | bytearray) -> None:
        self._data = memoryview(data)
        self._place = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset if whence == 0 else len(self._data) + offset
        return self._place

    def read(self, length: int) -> bytes:
        return bytes(self._data[self._place : self._place + length])


def spoil(chance: random.Random, whole: bytes) -> tuple[bytes | bytearray, bool]:
    """A spoilt dump, and whether it was only cut."""
    if chance.random() < 0.15:
        return whole[: chance.randrange(len(whole))], True
    data = bytearray(whole)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        _MEANS[chance.randrange(len(_MEANS))](chance, data)
    return data, False


def _place(chance: random.Random, data: bytearray) -> int:
    place = chance.choice(_PLACES) if chance.random() < 0.7 else chance.randrange(len(data) or 1)
    return min(place, max(len(data) - 1, 0))


def _number(chance: random.Random, data: bytearray) -> None:
    place, width = _place(chance, data), chance.choice((2, 4, 8))
    number = chance.choice(_NUMBERS) + chance.choice((0, 0, 1, -1))
    number = -number if chance.random() < 0.2 else number
    order = "big" if chance.random() < 0.3 else "little"
    data[place : place + width] = (number % (1 << 8 * width)).to_bytes(width, order)  # type: ignore[arg-type] # one of both


def _flip(chance: random.Random, data: bytearray) -> None:
    if data:
        data[_place(chance, data)] ^= 1 << chance.randrange(8)


def _fill(chance: random.Random, data: bytearray) -> None:
    place, length = _place(chance, data), chance.choice((1, 8, 16, 24, 64, 4096))
    data[place : place + length] = chance.choice((b"\0", b"\xff", b"\1")) * length


def _noise(chance: random.Random, data: bytearray) -> None:
    place, length = _place(chance, data), chance.choice((1, 4, 8, 16, 24, 200))
    data[place : place + length] = chance.randbytes(length)


def _copy(chance: random.Random, data: bytearray) -> None:
    source, target, length = _place(chance, data), _place(chance, data), chance.choice((8, 16, 24, 464, 4096))
    data[target : target + length] = data[source : source + length]


def _shift(chance: random.Random, data: bytearray) -> None:
    place, length = _place(chance, data), chance.choice((1, 8, 16, 4096))
    if chance.random() < 0.5:
        del data[place : place + length]
    else:
        data[place:place] = chance.randbytes(length)


def _end(chance: random.Random, data: bytearray) -> None:
    if chance.random() < 0.5:
        del data[chance.randrange(len(data) + 1) :]
    else:
        data.extend(chance.choice((b"\0", b"\xff", b"x")) * chance.choice((1, 16, 32, 5000)))


_MEANS = (_number, _number, _number, _number, _flip, _flip, _fill, _noise, _copy, _shift, _end)


def look(data: bytes | bytearray) -> tuple[Vmcore, int]:
    """The full look, and how many bytes it took."""
    window = FileWindow(Stretch(data))  # type: ignore[arg-type] # as much of a file as is used
    return inspect_window(window), window.taken


def complaint(data: bytes | bytearray, *, cut: bool, glance: bool) -> tuple[str, Verdict | None]:
    """What is wrong with the answer to these bytes, "" for nothing; and the answer."""
    began = time.perf_counter()
    try:
        found, taken = look(data)
        first = seen(bytes(data)) if glance else None
    except Exception as error:  # noqa: BLE001 - any exception is what this looks for
        return f"raised {type(error).__name__}: {error}", None
    seconds = time.perf_counter() - began
    if seconds > _SLOW:
        return f"took {seconds:.1f} s", found.verdict
    if taken > 4 * len(data) + _SPARE:
        return f"read {taken} bytes of {len(data)}", found.verdict
    if cut and found.verdict is not Verdict.INCOMPLETE:
        return f"was cut and is {found.verdict}", found.verdict
    if first is not None and first.flaw is not None and found.complete:
        return f"is whole, and condemned at first sight: {first.flaw.reason}", found.verdict
    return "", found.verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m selftest.fuzz.vmcore", description=__doc__)
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--real", type=Path, nargs="*", default=[], help="real dumps, spoilt now and then")
    parser.add_argument("--keep", type=Path, help="where inputs that are answered wrongly are kept")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    made = [make() for name, make in MADE.items() if name != "empty part"]
    real = [path.read_bytes() for path in arguments.real]
    verdicts: Counter[str] = Counter()
    findings, slowest, began = 0, 0.0, time.monotonic()
    for number in range(arguments.count):
        whole = chance.choice(real) if real and number % 1000 == 0 else chance.choice(made)
        data, cut = spoil(chance, whole)
        before = time.perf_counter()
        wrong, verdict = complaint(data, cut=cut, glance=number % 4 == 0)
        slowest = max(slowest, time.perf_counter() - before)
        verdicts[str(verdict)] += 1
        if wrong:
            findings += 1
            print(f"input {number} of seed {arguments.seed} {wrong}", flush=True)
            if arguments.keep is not None:
                arguments.keep.mkdir(exist_ok=True)
                (arguments.keep / f"{arguments.seed}-{number}").write_bytes(data)
    seconds = time.monotonic() - began
    print(
        f"{arguments.count} inputs in {seconds:.0f} s, slowest {slowest:.2f} s: {dict(verdicts)}, {findings} findings"
    )
    return int(findings > 0)


if __name__ == "__main__":
    sys.exit(main())
