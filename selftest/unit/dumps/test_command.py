# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck vmcore`, as an operator and as a program would call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.unit.dumps.made import NODE, RELEASE, compressed, elf, flattened

from kdumpcheck.cli import main
from kdumpcheck.dumps import Part, Verdict, inspect
from kdumpcheck.dumps.saved import UnreadableError, flaw_of, missing_of, read_saved

#: Long ago, so that nobody thinks it is still being saved.
THEN = 1_700_000_000
PANIC = "[    1.0] Kernel panic - not syncing: sysrq triggered crash\n"
Dump = Callable[..., Path]


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    """Make a dump's directory of files by name."""

    def make(name: str = "2026-11-25-22-34", **files: bytes | str) -> Path:
        place = tmp_path / name
        place.mkdir()
        for key, data in files.items():
            path = place / key.replace("_", ".")
            path.write_bytes(data if isinstance(data, bytes) else data.encode())
            os.utime(path, (THEN, THEN))
        return place

    return make


def said(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str, str]:
    code = main(["vmcore", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_all_that_is_known_of_a_dump(dump: Dump, capsys: pytest.CaptureFixture[str]) -> None:
    place = dump(vmcore=flattened(compressed()), dmesg=PANIC, README_txt="vmcore status: saved successfully\n")
    code, out, err = said(capsys, place)
    assert (code, err) == (0, "")
    for word in (
        "complete",
        "flattened, compressed inside",
        RELEASE,
        NODE,
        "2026-11-23 08:50:36 UTC",
        "31",
        "zlib",
        "Kernel panic - not syncing: sysrq triggered crash",
        "vmcore status: saved successfully",
    ):
        assert word in out


def test_the_document_for_a_program(dump: Dump, capsys: pytest.CaptureFixture[str]) -> None:
    whole = dump("a", vmcore=compressed(), vmcore_dmesg_txt=PANIC)
    short = dump("b", vmcore=elf()[:-1])
    (whole / "vmcore.dmesg.txt").rename(whole / "vmcore-dmesg.txt")
    code, out, _ = said(capsys, "--json", whole / "vmcore", short)
    found = json.loads(out)
    assert (code, found["kdumpcheck-vmcore"]) == (1, 1)
    first, second = found["dumps"]
    assert (first["verdict"], first["problem"], first["readme"]) == ("complete", None, None)
    assert first["panic"] == "Kernel panic - not syncing: sysrq triggered crash"
    assert first["files"][0]["release"] == RELEASE
    assert (second["verdict"], second["problem"]) == ("incomplete", "segment 1 of 2 lies beyond its end")


def test_what_cannot_be_read_is_one_line_and_no_hang(
    dump: Dump, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    paths = [tmp_path / name for name in ("fifo", "dangling", "loop", "none", "x" * 300)]
    code, out, err = said(capsys, dump(vmcore=compressed()), *paths, "/dev/zero", tmp_path, "a\x1b[2Jb")
    assert code == 4
    assert "complete" in out, "what can be read is told all the same"
    lines = err.splitlines()
    assert len(lines) == len(paths) + 3
    assert all(line.startswith("kdumpcheck vmcore: ") and line.isprintable() for line in lines)


def test_a_file_nobody_may_read_is_one_line(dump: Dump) -> None:
    path = dump(vmcore=compressed()) / "vmcore"
    path.chmod(0)
    script = (
        "import os, sys; from kdumpcheck.cli import main\n"
        "os.geteuid() or os.setuid(65534)\n"
        "sys.exit(main(['vmcore', sys.argv[1]]))"
    )
    argv = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 4, done.stderr
    assert "Permission denied" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_link_is_followed(dump: Dump, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(dump(vmcore=compressed()) / "vmcore")
    assert read_saved(tmp_path / "link").verdict is Verdict.COMPLETE


def test_a_directory_of_a_dump_without_a_vmcore_is_incomplete(dump: Dump) -> None:
    found = read_saved(dump(README_txt="x", dmesg="y"))
    assert (found.verdict, found.flaw and found.flaw.reason) == (Verdict.INCOMPLETE, "there is no vmcore")


def test_a_dump_that_was_written_just_now_may_still_be_being_saved(dump: Dump) -> None:
    place = dump(vmcore=compressed()[:-1])
    os.utime(place / "vmcore")
    found = read_saved(place)
    assert found.flaw is not None
    assert "is it still being saved?" in found.flaw.reason


def test_all_parts_of_a_split_dump_are_looked_at_whichever_is_named(dump: Dump) -> None:
    parts = {
        f"vmcore{number}": compressed(16, split=each) for number, each in enumerate([(0, 8), (8, 12), (12, 16)], 1)
    }
    place = dump(**parts)
    for name in (place, place / "vmcore2"):
        found = read_saved(name)
        assert (found.verdict, len(found.files)) == (Verdict.COMPLETE, 3)
    (place / "vmcore2").unlink()
    lost = read_saved(place / "vmcore3")
    assert lost.flaw is not None
    assert lost.flaw.reason == "the part with page frames 8 to 12 is not there"
    assert lost.verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        ([(0, 5), (5, 9)], None),
        ([(5, 9), (0, 5), (9, 9), (9, 9)], None),
        ([(0, 5)], Verdict.INCOMPLETE),
        ([(1, 9)], Verdict.INCOMPLETE),
        ([(0, 5), (4, 9)], Verdict.CORRUPT),
    ],
)
def test_what_is_missing_of_a_split_dump(parts: list[tuple[int, int]], verdict: Verdict | None) -> None:
    flaw = missing_of([Part(*each, 9) for each in parts])
    assert (flaw.verdict if flaw else None) == verdict


def test_parts_of_two_dumps_are_no_dump(dump: Dump) -> None:
    other = compressed(16, split=(8, 16)).replace(b"CRASHTIME=1795423836", b"CRASHTIME=1795423837")
    place = dump(vmcore1=compressed(16, split=(0, 8)), vmcore2=other)
    files = []
    for path in sorted(place.iterdir()):
        with path.open("rb") as stream:
            files.append((path.name, inspect(stream)))
    flaw = flaw_of(files)
    assert flaw is not None
    assert flaw.verdict is Verdict.CORRUPT


def test_a_directory_that_holds_none_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="there is no dump in it"):
        read_saved(tmp_path)
