# SPDX-License-Identifier: Apache-2.0
"""Whether a dump is whole, held against makedumpfile(8) and crash(8), for what Debian's makedumpfile can write.

zstd and snappy are not in that build (`makedumpfile -v`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.analysis import programs

from kdumpcheck.dumps import Kind, Verdict, Vmcore, inspect

#: What each shape is, by its structure and by what is said of how it is compressed.
SHAPES = {
    "flattened": (Kind.FLATTENED, Kind.COMPRESSED, "zlib"),
    "flattened ELF": (Kind.FLATTENED, Kind.ELF, "none"),
    "zlib": (Kind.COMPRESSED, None, "zlib"),
    "lzo": (Kind.COMPRESSED, None, "lzo"),
    "not compressed": (Kind.COMPRESSED, None, "none"),
    "ELF": (Kind.ELF, None, "none"),
}
#: Where it is cut, by its size; crash(8), which takes its time, is asked of the first two.
CUTS: tuple[Callable[[int], int], ...] = (
    lambda size: size - 1,
    lambda size: size * 90 // 100,
    lambda size: size - 4096,
    lambda size: size * 99 // 100,
    lambda size: size * 50 // 100,
    lambda size: size * 10 // 100,
    lambda _: 20 * 4096,
)
ASKED = 2


@pytest.fixture(scope="module")
def shapes(dumps: dict[str, Path], plain: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each shape, all of the two crashes."""
    work = tmp_path_factory.mktemp("shapes")
    lzo, none = work / "lzo", work / "none"
    programs.refilter(plain["compressed"], "-l", "-d", "31", parts=[lzo])
    programs.refilter(plain["compressed"], "-d", "31", parts=[none])
    return {
        "flattened": dumps["compressed"] / "vmcore",
        "flattened ELF": dumps["ELF"] / "vmcore",
        "zlib": plain["compressed"],
        "lzo": lzo,
        "not compressed": none,
        "ELF": plain["ELF"],
    }


def look(path: Path) -> Vmcore:
    with path.open("rb", buffering=0) as stream:
        return inspect(stream)


def opens(symbols: Path, vmcore: Path) -> bool:
    """Whether crash(8) shows why that kernel died."""
    return "PANIC: " in programs.crash(symbols, vmcore, ask="sys").stdout


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_whole_is_opened(
    shape: str, shapes: dict[str, Path], dumps: dict[str, Path], vmlinux: Path, tmp_path: Path
) -> None:
    path, found = shapes[shape], look(shapes[shape])
    assert (found.kind, found.inner, found.told.compression) == SHAPES[shape]
    assert found.complete, found.problem
    # makedumpfile reads nothing that is flattened, and crash no ELF that is: `analyze` unflattens them.
    crashed = dumps["ELF" if "ELF" in shape else "compressed"]
    log = None if found.inner is not None else (crashed / "dmesg").read_bytes()
    assert programs.log_of(path, tmp_path) == log
    assert opens(vmlinux, path) == (shape != "flattened ELF")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_cut_is_opened_by_none(shape: str, shapes: dict[str, Path], vmlinux: Path, tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    shutil.copyfile(shapes[shape], path)
    size = path.stat().st_size
    # The file only ever gets shorter.
    for number, place in sorted(enumerate(cut(size) for cut in CUTS), key=lambda each: -each[1]):
        os.truncate(path, place)
        assert look(path).verdict is Verdict.INCOMPLETE, place
        assert programs.log_of(path, tmp_path) is None, place
        assert number >= ASKED or not opens(vmlinux, path), place
