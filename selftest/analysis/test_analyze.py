# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck analyze` with a real crash(8), real dumps and the kernel's real symbols. Slow: `make analysis`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selftest.analysis import programs, symbols
from selftest.analysis.crashed import FORMATS, NODE

from kdumpcheck.analysis import session
from kdumpcheck.dumps import inspect

#: It is to take no longer, where this took 30 s beside other emulated machines.
_SECONDS = 300


@dataclass(frozen=True)
class Told:
    """What one analysis printed, as a document."""

    document: dict[str, Any]

    @property
    def sections(self) -> dict[str, str]:
        return dict(self.document["crash"]["sections"])

    @property
    def trouble(self) -> str:
        return str(self.document["crash"]["trouble"])


def analyze(place: Path, *options: str, before: str = "", path: str = os.environ["PATH"]) -> Told:
    """What an operator is told; `before` is sh that runs before it, where only it can see what that mounts."""
    argv = [sys.executable, "-m", "kdumpcheck.cli", "analyze", str(place), "--json", *options]
    if before:
        argv = ["unshare", "--mount", "sh", "-euc", f'{before}\nexec "$@"', "sh", *argv]
    environ = {**os.environ, "PATH": path}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return Told(json.loads(done.stdout))


def copy(dump: Path, work: Path, kernel: Path | None, *, log: bool = True) -> Path:
    """A dump in a directory of the test's own, with this kernel beside it."""
    place = work / "2026-11-20-08-50"
    place.mkdir()
    for each in dump.iterdir():
        if log or not each.name.startswith("dmesg"):
            (place / each.name).symlink_to(each)
    if kernel is not None:
        (place / kernel.name).symlink_to(kernel)
    return place


def left() -> list[Path]:
    """What an analysis left behind; that of others, which run at the same time, goes within a minute."""
    found = [path for place in ("/run", "/tmp", "/var/tmp") for path in Path(place).glob("kdumpcheck-analyze.*")]
    over = time.monotonic() + 60
    while found and time.monotonic() < over:
        time.sleep(0.5)  # an analysis of somebody else tells nobody when it ends
        found = [path for path in found if path.exists()]
    return found


def fields(told: str) -> dict[str, str]:
    """The lines of crash's `sys`."""
    return {found[1]: found[2] for found in re.finditer(r"^ *([A-Z ]+): (.*)$", told, re.MULTILINE)}


def test_the_symbols_are_of_the_build_that_crashed(plain: dict[str, Path], vmlinux: Path) -> None:
    with plain["ELF"].open("rb") as stream:
        info = stream.read(1 << 16).decode("latin-1")
    assert f"BUILD-ID={symbols.build_id(vmlinux)}\n" in info


@pytest.mark.parametrize("name", FORMATS)
def test_it_tells_the_death_that_crash_and_makedumpfile_tell(
    name: str, dumps: dict[str, Path], plain: dict[str, Path], vmlinux: Path, tmp_path: Path
) -> None:
    told = analyze(copy(dumps[name], tmp_path, vmlinux))
    by_hand = programs.crash(vmlinux, plain[name], ask="sys").stdout
    death, by_crash = told.document["death"], fields(by_hand)
    assert by_crash["PANIC"].strip('"') == death["headline"] == "Kernel panic - not syncing: sysrq triggered crash"
    assert by_crash["RELEASE"] == told.document["release"] == death["release"]
    assert by_crash["NODENAME"] == NODE
    task = re.match(r'PID: (\d+) +TASK: \w+ +CPU: (\d+) +COMMAND: "(.*)"', told.sections["bt"])
    assert task is not None
    assert (int(task[1]), int(task[2]), task[3]) == (death["pid"], death["cpu"], death["task"])
    # Nearest first, as far as both go: crash begins below panic(), which the log's trace still shows.
    by_bt = re.findall(r"^ *#\d+ \[\w+\] (\S+) at", told.sections["bt"], re.MULTILINE)
    by_log = [frame["symbol"] for frame in death["trace"] if frame["sure"]]
    assert set(by_log[by_log.index("panic") :]) <= set(by_bt)
    log = programs.log_of(plain[name], tmp_path)
    assert log is not None
    assert told.sections["log"].strip() == log.decode().strip()
    assert [each["name"] for each in told.document["known"]] == ["sysrq"]


@pytest.mark.parametrize("name", FORMATS)
def test_drgn_tells_the_same_death_where_crash_is_not(
    name: str, dumps: dict[str, Path], vmlinux: Path, tmp_path: Path
) -> None:
    told = analyze(copy(dumps[name], tmp_path, vmlinux), path=programs.without("crash", tmp_path / "bin"))
    death = told.document["death"]
    assert told.trouble == ""
    assert told.document["crash"]["version"].startswith("drgn ")
    assert list(told.sections) == ["sys", "log", "bt", "bt-all", "ps", "modules"]
    assert told.sections["bt"].startswith(f"PID: {death['pid']} CPU: {death['cpu']} COMMAND: {death['task']}\n#0 ")
    assert "sysrq_handle_crash (drivers/tty/sysrq.c:" in told.sections["bt"]
    assert told.sections["log"].strip() == (dumps[name] / "dmesg").read_text().strip()
    # Every task, and what a system has of kernel threads alone is more than this.
    assert len(told.sections["ps"].splitlines()) > 40
    assert left() == []


def test_each_section_is_what_crash_says_by_hand(
    dumps: dict[str, Path], plain: dict[str, Path], vmlinux: Path, tmp_path: Path
) -> None:
    told = analyze(copy(dumps["compressed"], tmp_path, vmlinux))
    assert list(told.sections) == list(session.COMMANDS)
    asked = "\n".join(f"!echo @@{name}\n{command}" for name, command in session.COMMANDS.items())
    by_hand = programs.crash(vmlinux, plain["compressed"], ask=asked).stdout
    for name in session.COMMANDS:
        (said,) = re.findall(rf"^@@{name}\n(.*?)(?=^@@|\Z)", by_hand, re.MULTILINE | re.DOTALL)
        lines = [line for line in said.strip().splitlines() if not re.match(r" *(KERNEL|DUMPFILE):", line)]
        ours = [line for line in told.sections[name].strip().splitlines() if line.strip() in set(map(str.strip, lines))]
        assert [line.strip() for line in ours] == [line.strip() for line in lines], name
    assert left() == []


def test_what_crash_is_not_sure_of_is_told(dumps: dict[str, Path], vmlinux: Path, tmp_path: Path) -> None:
    """A kernel image that calls itself by another name is opened all the same."""
    other = tmp_path / "other"
    shutil.copy(vmlinux, other)
    release = vmlinux.name.removeprefix("vmlinux-")
    symbols.rename(other, release, symbols.debian_release(release))
    place = copy(dumps["compressed"], tmp_path, None)
    (place / vmlinux.name).symlink_to(other)
    told = analyze(place)
    assert "WARNING: kernel version inconsistency between vmlinux and dumpfile" in told.document["crash"]["warnings"]
    assert any("the kernel image is of another build" in line for line in told.document["more"])


def test_a_crashrc_beside_the_dump_is_not_obeyed(dumps: dict[str, Path], vmlinux: Path, tmp_path: Path) -> None:
    place = copy(dumps["compressed"], tmp_path, vmlinux)
    (place / ".crashrc").write_text(f"!touch {tmp_path}/obeyed\n")
    (place / ".gdbinit").write_text(f"shell touch {tmp_path}/obeyed\n")
    # That it would be, by somebody who asks crash there himself, is what this is about.
    argv = ["crash", "-s", str(vmlinux), str(place / "vmcore")]
    subprocess.run(argv, input="quit\n", text=True, capture_output=True, timeout=_SECONDS, check=False, cwd=place)
    (tmp_path / "obeyed").unlink()
    assert "bt" in analyze(place).sections
    assert not (tmp_path / "obeyed").exists()


@pytest.mark.parametrize("mebibytes", [256, 512])
def test_too_little_memory_is_told_and_leaves_nothing(
    mebibytes: int, dumps: dict[str, Path], vmlinux: Path, tmp_path: Path
) -> None:
    place = copy(dumps["compressed"], tmp_path, vmlinux)
    before = set(place.iterdir())
    told = analyze(place, "--crash-memory", str(mebibytes), path=programs.without("drgn", tmp_path / "bin"))
    assert told.trouble == "crash(8) needs more memory than it may have (--crash-memory)."
    assert set(place.iterdir()) == before
    assert left() == []


def test_it_is_stopped_in_time_and_leaves_nothing(dumps: dict[str, Path], vmlinux: Path, tmp_path: Path) -> None:
    """A packed kernel is what crash unpacks, and what it would leave."""
    packed = tmp_path / f"{vmlinux.name}.gz"
    with packed.open("wb") as stream:
        subprocess.run(["gzip", "-1", "-c", str(vmlinux)], stdout=stream, check=True)
    place = copy(dumps["compressed"], tmp_path, packed)
    asked = session.Asked(str(place), ("vmcore",), vmlinux.name.removeprefix("vmlinux-"), 2, mebibytes=8192)

    def do(script: str) -> bytes:
        return subprocess.run(["sh", "-s"], input=script.encode(), stdout=subprocess.PIPE, check=False).stdout

    before = set(Path("/var/tmp").glob("vmlinux*"))
    assert session.run(do, asked).trouble == "crash(8) was stopped after 2 s."
    assert set(Path("/var/tmp").glob("vmlinux*")) == before
    assert left() == []


@pytest.fixture(scope="module")
def halves(vmlinux: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A kernel as SUSE ships it: packed and without symbols; and its symbols, in the place of their package."""
    work = tmp_path_factory.mktemp("halves")
    stripped, debug = work / vmlinux.name, work / "debug" / "boot" / f"{vmlinux.name}.debug"
    debug.parent.mkdir(parents=True)
    subprocess.run(["objcopy", "--only-keep-debug", vmlinux, debug], check=True)
    subprocess.run(["objcopy", "--strip-debug", f"--add-gnu-debuglink={debug}", vmlinux, stripped], check=True)
    subprocess.run(["gzip", "-1", stripped], check=True)
    return stripped.with_name(f"{stripped.name}.gz"), work / "debug"


def test_a_kernel_apart_from_its_symbols_is_enough(
    dumps: dict[str, Path], halves: tuple[Path, Path], tmp_path: Path
) -> None:
    packed, debug = halves
    place = copy(dumps["compressed"], tmp_path, packed)
    told = analyze(place, before=f"mount --bind '{debug}' /usr/lib/debug")
    assert (told.trouble, list(told.sections)) == ("", list(session.COMMANDS))
    assert "DEBUG KERNEL" in fields(told.sections["sys"])
    assert left() == []


@pytest.mark.parametrize("name", FORMATS)
def test_without_symbols_the_log_is_still_read(
    name: str, dumps: dict[str, Path], halves: tuple[Path, Path], tmp_path: Path
) -> None:
    """Out of a vmcore alone, both kernels' way: flattened."""
    packed, _ = halves
    told = analyze(copy(dumps[name], tmp_path, packed, log=False))
    assert "no debugging data available" in told.trouble
    assert told.document["debuginfo"]["name"] == "kernel-default-debuginfo"
    assert told.document["death"]["headline"] == "Kernel panic - not syncing: sysrq triggered crash"
    kept = (dumps[name] / "dmesg").read_text()
    assert told.sections["log"].strip() == kept.strip()
    assert left() == []


def test_a_dump_that_was_cut_is_told_by_both(dumps: dict[str, Path], vmlinux: Path, tmp_path: Path) -> None:
    place = copy(dumps["compressed"], tmp_path, vmlinux)
    whole = (place / "vmcore").resolve()
    (place / "vmcore").unlink()
    shutil.copy(whole, place / "vmcore")
    os.truncate(place / "vmcore", whole.stat().st_size - 1)
    told = analyze(place)
    assert told.document["verdict"].startswith("incomplete: it ends without the mark of its end")
    assert "truncated/incomplete" in told.trouble


def test_all_parts_of_a_split_dump_are_opened(plain: dict[str, Path], vmlinux: Path, tmp_path: Path) -> None:
    place = tmp_path / "split"
    place.mkdir()
    (place / vmlinux.name).symlink_to(vmlinux)
    parts = [place / f"vmcore{number}" for number in (1, 2)]
    programs.refilter(plain["compressed"], "-c", "-d", "31", "--split", parts=parts)
    with parts[0].open("rb") as stream:
        assert inspect(stream).told.part is not None
    told = analyze(place)
    assert told.document["verdict"] == "complete"
    assert re.search(r"DUMPFILES: ./dump/vmcore1 .*\n +./dump/vmcore2 ", told.sections["sys"])
