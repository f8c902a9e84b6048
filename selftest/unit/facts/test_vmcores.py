# SPDX-License-Identifier: Apache-2.0
"""The first look into the newest dumps: the section's shell on a real tree, and what is read out of any answer."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.unit.dumps.made import BLOCK, NODE, RELEASE, compressed, elf, flattened
from selftest.unit.kept import TAKEN
from selftest.unit.probe.test_read_only import CALLS, changes

from kdumpcheck.dumps import Kind, Verdict
from kdumpcheck.evidence import CouldNotLook, Evidence, Output, Unknown
from kdumpcheck.facts import Dumps, vmcores
from kdumpcheck.facts.dumps import Dump

EvidenceOf = Callable[..., Evidence]
DAY = "2026-11-22-22-34"
PANIC = "[ 12.6] Kernel panic - not syncing: sysrq triggered crash\n"
SHELLS = ("dash", "bash", "busybox sh", "busybox sh and its tools")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """ROOTRAID with an upper layer that has a place for dumps."""
    place = tmp_path / "overlayfs"
    (place / "LiveOS/overlay-SQFSRAID-1/var/crash").mkdir(parents=True)
    return place


def put(root: Path, name: str = DAY, place: str = "LiveOS/overlay-SQFSRAID-1/var/crash", **files: bytes | str) -> str:
    directory = root / place / name
    directory.mkdir(parents=True)
    for key, data in files.items():
        (directory / key.replace("_", ".")).write_bytes(data if isinstance(data, bytes) else data.encode())
    return str(directory)


def section(root: Path, coredir: str = "") -> str:
    """The section's shell, as it is but for where ROOTRAID is, or kdump-tools' directory."""
    found = vmcores.SECTION.script.partition('[ -n "$point$coredir" ] || exit 0')[2]
    assert found
    script = f"point={root} coredir={coredir}\n{found}"
    return script.replace("readlink -f /run/overlayfs", f"echo {root}/LiveOS/overlay-SQFSRAID-1")


def answer(root: Path, shell: str = "dash", tools: Path | None = None, coredir: str = "") -> bytes:
    """What the section says of this tree, run as it is but for where ROOTRAID is."""
    script = section(root, coredir)
    path = "/usr/bin:/bin"
    program, *applet = shell.split()
    if "tools" in shell:
        assert tools is not None
        for name in ("od", "tr", "stat", "tail", "grep", "cut"):
            (tools / name).symlink_to("/usr/bin/busybox")
        path = str(tools)
    argv = [
        "/usr/bin/env",
        f"PATH={path}",
        "LC_ALL=C",
        f"/usr/bin/{program}",
        *applet[:1],
        "-c",
        script,
    ]
    done = subprocess.run(argv, capture_output=True, timeout=600, check=True)
    assert done.stderr == b""
    assert len(done.stdout) < vmcores.SECTION.limit
    return done.stdout


def seen(said: bytes) -> dict[str, vmcores.Seen]:
    outputs = {"dumps.vmcores": Output(said, 0, 0.1, truncated=False)}
    found = vmcores.parse(Evidence("ncn-w001", TAKEN, "ssh://ncn-w001", outputs=outputs, complete=True))
    assert not isinstance(found, Unknown)
    return dict(found)


@pytest.mark.parametrize("shell", SHELLS)
def test_dumps_of_kdump_tools_are_looked_into_by_their_own_names(tmp_path: Path, shell: str) -> None:
    whole = put(tmp_path, "202611281919", "crash", dump_202611281919=flattened(compressed(1000)))
    (Path(whole) / "dmesg.202611281919").write_text(PANIC)
    cut = put(tmp_path, "202611282020", "crash", dump_202611282020=b"")
    put(tmp_path, DAY, "crash", vmcore=flattened(compressed(1000)))
    put(tmp_path, "202611282121", "crash", dump_202611282121_gz=b"\x1f\x8b packed")
    tools = tmp_path / "tools"
    tools.mkdir()
    found = seen(answer(tmp_path, shell, tools, coredir=str(tmp_path / "crash")))
    assert set(found) == {whole, cut}
    assert found[whole].vmcores[0][0] == "dump.202611281919"
    assert found[whole].vmcores[0][1].verdict is Verdict.COMPLETE
    assert found[whole].panic == "Kernel panic - not syncing: sysrq triggered crash"
    assert found[cut].vmcores[0][1].verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("data", "verdict", "kind"),
    [
        (flattened(compressed(1000)), Verdict.COMPLETE, Kind.FLATTENED),
        (flattened(compressed(1000))[:-1], Verdict.INCOMPLETE, Kind.FLATTENED),
        (flattened(compressed(1000))[:9000], Verdict.INCOMPLETE, Kind.FLATTENED),
        (compressed(1000), Verdict.COMPLETE, Kind.COMPRESSED),
        (compressed(3), Verdict.COMPLETE, Kind.COMPRESSED),
        (compressed(1000)[:-1], Verdict.INCOMPLETE, Kind.COMPRESSED),
        (compressed(1000)[:30_000], Verdict.INCOMPLETE, Kind.COMPRESSED),
        (elf(), Verdict.COMPLETE, Kind.ELF),
        (elf()[:-1], Verdict.INCOMPLETE, Kind.ELF),
        (b"", Verdict.INCOMPLETE, Kind.NONE),
        (b"KDUMP   ", Verdict.INCOMPLETE, Kind.COMPRESSED),
        (b"not a dump at all\n", Verdict.CORRUPT, Kind.NONE),
    ],
)
def test_a_vmcore_is_judged_by_what_the_node_sends(
    root: Path, tmp_path: Path, shell: str, data: bytes, verdict: Verdict, kind: Kind
) -> None:
    path = put(root, vmcore=data, dmesg=PANIC)
    tools = tmp_path / "tools"
    tools.mkdir()
    found = seen(answer(root, shell, tools))[path]
    ((name, first),) = found.vmcores
    assert (name, first.kind, first.verdict, first.size) == ("vmcore", kind, verdict, len(data))
    assert found.panic == "Kernel panic - not syncing: sysrq triggered crash"
    assert found.written is not None
    if kind in (Kind.FLATTENED, Kind.COMPRESSED) and len(data) > 10_000:
        assert (first.told.release, first.told.node) == (RELEASE, NODE)


@pytest.mark.parametrize("number", [0, 1, -1, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, -(1 << 63)])
@pytest.mark.parametrize("shell", SHELLS[:3])
def test_hostile_numbers_are_passed_over_in_silence(root: Path, shell: str, number: int) -> None:
    spoilt = [(428, compressed()), (4 * BLOCK, compressed()), (4104, flattened(compressed())), (32, elf())]
    for minute, (place, data) in enumerate(spoilt, 10):
        hostile = bytearray(data)
        order = ">q" if hostile.startswith(b"make") else "<q"
        struct.pack_into(order, hostile, place, number)
        put(root, f"2026-11-22-22-{minute}", vmcore=bytes(hostile))
    assert [len(each.vmcores) for each in seen(answer(root, shell)).values()] == [1] * 4


def test_only_the_newest_are_looked_into_and_those_in_view_first(root: Path) -> None:
    for number in range(10, 22):
        put(root, f"2026-11-22-22-{number}", vmcore=compressed())
        put(root, f"2025-11-22-22:{number}", "crash", vmcore=compressed())
        put(root, f"2024-11-22-22:{number}", "LiveOS/overlay-OLD/var/crash", vmcore=compressed())
    found = [Path(path).name for path in seen(answer(root))]
    assert found == [
        *(f"2026-11-22-22-{number}" for number in range(17, 22)),
        *(f"2025-11-22-22:{number}" for number in range(17, 22)),
        *(f"2024-11-22-22:{number}" for number in range(17, 19)),
    ]


def test_nothing_is_waited_for_or_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(compressed())
    path = Path(put(root))
    os.mkfifo(path / "vmcore1")
    os.mkfifo(path / "dmesg")
    (path / "vmcore").symlink_to(tmp_path / "elsewhere")
    (path / "dmesg.txt").symlink_to("/dev/zero")
    (path / "vmcore2").mkdir()
    assert seen(answer(root)) == {}


def test_it_stays_small_whatever_lies_there(root: Path) -> None:
    many = flattened(compressed(1000), range(0, 1 << 16, 64))
    parts: dict[str, bytes | str] = {f"vmcore{part}": many for part in range(10)}
    for number in range(10, 25):
        put(root, f"2026-11-22-22-{number}", "LiveOS/overlay-SQFSRAID-1/var/crash", dmesg=PANIC * 50_000, **parts)
    said = answer(root)
    assert sorted(len(each.vmcores) for each in seen(said).values()) == [0, 0, 8, 8, 8]


def dump(evidence_of: EvidenceOf, root: Path, readme: str) -> Dump:
    path = put(root, vmcore=flattened(compressed())[:-40], README_txt=readme)
    listing = f"shown={Path(path).parent}\nplace\t{Path(path).parent}\t1\ndump\t{path}\nfile\t{path}/vmcore\t9\n"
    listing += f"file\t{path}/README.txt\t9\nreadme\t{path}\t{readme}\n"
    found = Dumps.parse(evidence_of({"dumps": listing, "dumps.vmcores": answer(root).decode()}))
    assert isinstance(found, Dumps)
    (only,) = found.visible
    return only


def test_what_is_seen_counts_whatever_readme_says(evidence_of: EvidenceOf, root: Path) -> None:
    only = dump(evidence_of, root, "vmcore status: saved successfully")
    assert only.problem == ("the vmcore is incomplete, whatever README.txt says: it ends within a piece")


def test_readmes_own_bad_word_comes_first(evidence_of: EvidenceOf, root: Path) -> None:
    assert dump(evidence_of, root, "vmcore status: error while saving vmcore").problem.startswith("vmcore error")


def test_a_look_that_was_begun_and_not_answered_is_no_pass() -> None:
    listing = Output(b"shown=/c\nplace\t/c\t0\n", 0, 0.1, truncated=False)
    for late in (Output(b"", 124, 20.0, truncated=False), Output(b"", 0, 1.0, truncated=True)):
        outputs = {"dumps": listing, "dumps.vmcores": late}
        dumps = Dumps.parse(Evidence("ncn-w001", TAKEN, "ssh://ncn-w001", outputs=outputs, complete=True))
        assert isinstance(dumps, Dumps)
        with pytest.raises(CouldNotLook):
            _ = dumps.looked_into
    before = Dumps.parse(Evidence("ncn-w001", TAKEN, "ssh://ncn-w001", outputs={"dumps": listing}, complete=True))
    assert isinstance(before, Dumps)
    assert before.looked_into == ()


def test_a_part_that_is_missing_is_told_only_when_all_were_looked_into(evidence_of: EvidenceOf, root: Path) -> None:
    path = put(root, vmcore1=compressed(16, split=(0, 8)), vmcore3=compressed(16, split=(12, 16)))
    found = seen(answer(root))[path]
    flaw = found.flaw(2)
    assert flaw is not None
    assert flaw.reason == "the part with page frames 8 to 12 is not there"
    assert found.flaw(3) is None


@given(
    st.lists(st.sampled_from(["bytes", "vmcore", "last", "/d/vmcore", "0", "4096", "ff00", "-1", "9" * 30, "\t", "\n"]))
)
def test_any_answer_is_read(words: list[str]) -> None:
    for each in seen("".join(words).encode()).values():
        assert each.flaw(1) is None or each.flaw(1) is not None


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_nothing_is_written_on_the_node(root: Path, tmp_path: Path, shell: str) -> None:
    for number, data in enumerate([flattened(compressed(1000)), compressed(1000), elf()], 10):
        put(root, f"2026-11-22-22-{number}", vmcore=data, dmesg=PANIC)
    trace = tmp_path / "trace"
    script = tmp_path / "script"
    script.write_text(section(root))
    argv = ["strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={CALLS}", shell, str(script)]
    done = subprocess.run(argv, capture_output=True, timeout=600, check=True)
    assert len(seen(done.stdout)) == 3
    assert changes(trace.read_text(errors="replace")) == []
