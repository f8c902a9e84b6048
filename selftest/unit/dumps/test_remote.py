# SPDX-License-Identifier: Apache-2.0
"""A file read as a node's is: by the very script, run here in the shells and with the tools that nodes have."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selftest.unit.dumps.made import BLOCK, compressed, elf, flattened
from selftest.unit.probe.test_read_only import CALLS, changes

from kdumpcheck.dumps import ChangedError, NodeFile, NodeFileError, Verdict, inspect, inspect_window

Run = Callable[[str], bytes]
SHELLS = ("dash", "bash", "busybox sh")
PAGES = 20_000
#: Cut as makedumpfile cuts: pages in pieces of about 64 KiB, their descriptors in pieces of some hundred bytes.
LARGE = compressed(PAGES, length=1000)
FLAT = flattened(
    LARGE, [*range(4 * BLOCK, 4 * BLOCK + 24 * PAGES, 384), *range(4 * BLOCK + 24 * PAGES, 1 << 25, 65000)]
)


def run_by(shell: str, tools: Path | None = None, *, perl: bool = True) -> Run:
    """Runs a script as a node would; without `perl` as one that has none."""

    def run(script: str) -> bytes:
        assert "<<" not in script, "bash writes a here-document to a file"
        script = script.replace("perl=yes", "perl=yes" if perl else "perl=no")
        if tools is not None:
            script = script.replace("PATH=/usr/sbin:/usr/bin:/sbin:/bin", f"PATH={tools}")
        done = subprocess.run(
            [*shell.split(), "-s"], input=script.encode(), capture_output=True, timeout=600, check=True
        )
        assert done.stderr == b""
        return done.stdout

    return run


@pytest.fixture(scope="session")
def busybox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with BusyBox's tools and no others."""
    place = tmp_path_factory.mktemp("busybox")
    for name in ("dd", "od", "stat"):
        (place / name).symlink_to("/usr/bin/busybox")
    return place


@pytest.fixture
def vmcore(tmp_path: Path) -> Path:
    return tmp_path / "it's a $(touch nowhere) `dump`\n-x" / "vmcore"


def put(path: Path, data: bytes) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize("perl", [True, False])
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("data", [compressed(), flattened(compressed()), elf(), b"", b"x" * 100_000])
def test_a_nodes_dump_is_told_as_one_here(vmcore: Path, data: bytes, shell: str, *, perl: bool) -> None:
    path = put(vmcore, data)
    with vmcore.open("rb") as stream:
        assert inspect_window(NodeFile(run_by(shell, perl=perl), path)) == inspect(stream)


@pytest.mark.parametrize("data", [LARGE, FLAT, FLAT[:-16], FLAT[:-100_000]], ids=["plain", "flat", "endless", "cut"])
def test_busyboxs_tools_are_enough(vmcore: Path, busybox: Path, data: bytes) -> None:
    path = put(vmcore, data)
    with vmcore.open("rb") as stream:
        assert inspect_window(NodeFile(run_by("busybox sh", busybox), path)) == inspect(stream)


def test_few_trips_and_few_bytes(vmcore: Path) -> None:
    plain = NodeFile(run_by("dash"), put(vmcore, LARGE))
    assert inspect_window(plain).complete
    assert plain.trips <= 3
    assert plain.taken < 24 * PAGES + 100_000
    flat = NodeFile(run_by("dash"), put(vmcore, FLAT))
    assert inspect_window(flat).complete
    assert flat.trips <= 5
    assert flat.taken < 2 * 24 * PAGES + 200_000


@given(place=st.integers(0, 60_000), hostile=st.binary(min_size=1, max_size=40), flat=st.booleans())
@settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
def test_a_spoilt_dump_is_told_as_one_here(vmcore: Path, place: int, hostile: bytes, *, flat: bool) -> None:
    data = bytearray(flattened(compressed(40)) if flat else compressed(40))
    place %= len(data)
    data[place : place + len(hostile)] = hostile
    path = put(vmcore, bytes(data))
    with vmcore.open("rb") as stream:
        expected = inspect(stream)
    for perl in (True, False):
        assert inspect_window(NodeFile(run_by("dash", perl=perl), path)) == expected


def test_ranges_are_the_bytes_of_the_file(vmcore: Path) -> None:
    chance = random.Random(7)
    data = chance.randbytes(3_000_000)
    for perl in (True, False):
        file = NodeFile(run_by("dash", perl=perl), put(vmcore, data))
        for _ in range(5):
            ranges = [(chance.randrange(-10, 3_000_100), chance.randrange(-1, 20_000)) for _ in range(20)]
            expected = [data[start : start + max(length, 0)] if start >= 0 else b"" for start, length in ranges]
            assert file.read_all(ranges) == expected
        assert file.trips == 6


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to("/dev/zero")
    for path, word in [
        (tmp_path / "fifo", "is no regular file"),
        (Path("/dev/zero"), "is no regular file"),
        (tmp_path, "is no regular file"),
        (tmp_path / "link", "is a link"),
        (tmp_path / "none", "is not there"),
    ]:
        with pytest.raises(NodeFileError, match=word):
            NodeFile(run_by("dash"), str(path))


@pytest.mark.parametrize("path", ["vmcore", "-x", "", "/a\0b", "/a\udcff"])
def test_a_path_that_cannot_be_meant_is_never_sent(path: str) -> None:
    with pytest.raises(NodeFileError):
        NodeFile(lambda _: pytest.fail("it was sent"), path)


@pytest.mark.parametrize("data", [LARGE, FLAT], ids=["plain", "flat"])
@pytest.mark.parametrize("change", ["grow", "shrink", "vanish"])
def test_a_file_that_changes_is_told(vmcore: Path, data: bytes, change: str) -> None:
    path = put(vmcore, data)
    file = NodeFile(run_by("dash"), path)
    if change == "vanish":
        vmcore.unlink()
    else:
        os.truncate(path, len(data) + (4096 if change == "grow" else -4096))
    with pytest.raises(ChangedError, match="changed while it was read"):
        inspect_window(file)


@pytest.mark.parametrize("answer", [b"", b"hello\n", b"12\n", b"9" * 19 + b" 1 1 1\n", b"\0" * 9999, b"-1 1 1 1\n"])
def test_a_node_that_talks_nonsense_gives_one_line(answer: bytes) -> None:
    with pytest.raises(NodeFileError):
        inspect_window(NodeFile(lambda _: answer, "/vmcore"))


@given(st.binary(max_size=200))
def test_a_walk_that_makes_no_sense_gives_one_line(noise: bytes) -> None:
    stamp = b"%d 1 1 1\n" % len(FLAT)

    def run(script: str) -> bytes:
        return stamp + FLAT[: 1 << 16] + stamp if "head_of" in script.splitlines()[-2] else noise + stamp

    try:
        found = inspect_window(NodeFile(run, "/vmcore"))
    except NodeFileError:
        return
    assert found.verdict is not Verdict.COMPLETE


def test_a_number_of_a_piece_beyond_what_sh_can_count(vmcore: Path) -> None:
    for start, length in [(-1, 5), (5, -1), (1 << 62, 1 << 62), (0, 0)]:
        path = put(vmcore, flattened(compressed())[:-16] + struct.pack(">qq", start, length) + b"x" * 50)
        with vmcore.open("rb") as stream:
            assert inspect_window(NodeFile(run_by("dash", perl=False), path)) == inspect(stream)


def test_the_script_is_clean_in_the_eyes_of_shellcheck() -> None:
    script = Path(str(resources.files("kdumpcheck.dumps"))) / "remote.sh"
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("perl", [True, False])
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_nothing_is_written_on_the_node(vmcore: Path, tmp_path: Path, shell: str, *, perl: bool) -> None:
    path = put(vmcore, FLAT)
    trace = tmp_path / "trace"
    run = run_by(f"strace -f -qq -A -o {trace} -e trace={CALLS} {shell}", perl=perl)
    found = inspect_window(file := NodeFile(run, path))
    assert found.complete
    file.read_all([(each, 1) for each in range(0, len(FLAT), 1 << 17)])
    assert "vmcore" in trace.read_text(errors="replace"), "the trace does not show what is read"
    assert changes(trace.read_text(errors="replace")) == []
