# SPDX-License-Identifier: Apache-2.0
"""Dumps by a listing, the room for the next one, and which ones go first."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Dumps, Space
from kdumpcheck.facts.dumps import SECTION
from kdumpcheck.providers.retention import doomed, kept

EvidenceOf = Callable[..., Evidence]
UPPER = "/run/initramfs/overlayfs/LiveOS/overlay-SQFSRAID-1/var/crash"
#: The dump of kdump 1.0.2 as it was captured, and that of 2.0.
OLD = (
    f"dump\t{UPPER}/2026-11-22-22:21\nfile\t{UPPER}/2026-11-22-22:21/README.txt\t186\n"
    f"file\t{UPPER}/2026-11-22-22:21/vmcore\t18606639\nfile\t{UPPER}/2026-11-22-22:21/dmesg.txt\t31064\n"
)
NEW = (
    f"dump\t{UPPER}/2026-11-22-22-34\nfile\t{UPPER}/2026-11-22-22-34/README.txt\t302\n"
    f"file\t{UPPER}/2026-11-22-22-34/vmcore\t25558792\nfile\t{UPPER}/2026-11-22-22-34/dmesg\t31066\n"
    f"readme\t{UPPER}/2026-11-22-22-34\tvmcore status: saved successfully\n"
)
HEAD = f"free=1000\nblock=4096\ninodes=100\ninodes_free=90\nmem.MemTotal=1000\nmem.MemFree=400\nshown={UPPER}\n"


def dumps(evidence_of: EvidenceOf, text: str) -> Dumps:
    found = Dumps.parse(evidence_of({"dumps": HEAD + f"place\t{UPPER}\t1\n" + text}))
    assert isinstance(found, Dumps)
    return found


@pytest.mark.parametrize("text", [OLD, NEW])
def test_a_captured_dump_is_whole(evidence_of: EvidenceOf, text: str) -> None:
    (dump,) = dumps(evidence_of, text).visible
    assert dump.problem == ""
    assert dump.size > 18_000_000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (OLD.replace("18606639", "0"), "an empty vmcore"),
        (OLD.replace("/vmcore", "/core"), "no vmcore"),
        (OLD.replace("README.txt", "else"), "no README.txt: it was not saved to its end"),
        (OLD.replace("/vmcore", "/vmcore2"), ""),
        (NEW.replace("saved successfully", "deleted (10 < KDUMP_FREE_DISK_SIZE 64)"), "vmcore deleted (10 <"),
        (NEW.replace("vmcore status: saved successfully", "likely incomplete."), "README.txt says it is incomplete"),
        (NEW.partition("readme")[0], "README.txt does not say that the vmcore was saved"),
    ],
)
def test_what_is_wrong_with_a_dump(evidence_of: EvidenceOf, text: str, problem: str) -> None:
    (dump,) = dumps(evidence_of, text).visible
    assert dump.problem.startswith(problem)
    assert bool(dump.problem) == bool(problem)


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        (["dmesg.202611281919\t29711", "dump.202611281919\t32629637"], ""),
        (["dump.202611281919.gz\t32629637"], ""),
        (["vmcore.202611281919\t600000000"], ""),
        (["dmesg.202611281919\t29711", "dump.202611281919\t0"], "an empty vmcore"),
        (["dmesg.202611281919\t29711", "dump-incomplete\t100"], "dump-incomplete: it was not saved to its end"),
        (["dump.202611281919\t5", "vmcore-incomplete\t9"], "vmcore-incomplete: it was not saved to its end"),
        (["dmesg.202611281919\t29711"], "no vmcore"),
    ],
)
def test_a_dump_of_kdump_tools_is_told_by_its_own_names(
    evidence_of: EvidenceOf, files: list[str], problem: str
) -> None:
    place = "/var/crash/202611281919"
    lines = ["shown=/var/crash", "place\t/var/crash\t1", f"dump\t{place}", *(f"file\t{place}/{each}" for each in files)]
    (dump,) = dumps(evidence_of, "\n".join(lines) + "\n").visible
    assert dump.problem == problem


def test_dumps_elsewhere_are_orphans(evidence_of: EvidenceOf) -> None:
    found = dumps(evidence_of, OLD + "place\t/r/crash\t3\nplace\t/r/var/crash\t0\ndump\t/r/crash/2026-01-02-03:04\n")
    assert found.orphans == (("/r/crash", 3),)
    assert len(found.visible) == 1


def test_space(evidence_of: EvidenceOf) -> None:
    space = Space.parse(evidence_of({"dumps": HEAD}))
    assert isinstance(space, Space)
    assert (space.free, space.inodes) == (4_096_000, 90)
    assert space.largest_dump(0) - space.largest_dump(16) == 400 * 1024
    assert isinstance(Space.parse(evidence_of({"dumps": ""})), Unknown)
    boundless = Space.parse(evidence_of({"dumps": HEAD.replace("inodes=100", "inodes=0")}))
    assert isinstance(boundless, Space)
    assert boundless.inodes is None


def test_the_lab_nodes_estimate_lies_around_what_its_dumps_are(evidence_of: EvidenceOf) -> None:
    # As a lab node answered; its dumps are of 20 to 26 MB.
    memory = "mem.MemTotal=574700\nmem.MemFree=359156\nmem.Buffers=3188\nmem.Cached=151976\nmem.AnonPages=10364\n"
    space = Space.parse(evidence_of({"dumps": f"free=227494\nblock=4096\ninodes=523264\ninodes_free=523220\n{memory}"}))
    assert isinstance(space, Space)
    assert 100 * 2**20 < space.largest_dump(31) < 150 * 2**20


@pytest.mark.parametrize(
    ("keep", "gone"),
    [("0", ""), ("", ""), ("-1", "abc"), ("1", "ab"), ("5", ""), ("x", "")],
)
def test_what_goes_before_a_new_dump(keep: str, gone: str) -> None:
    assert "".join(doomed({"KDUMP_KEEP_OLD_DUMPS": keep}, ["a", "b", "c"])) == gone


def test_what_is_no_number_is_known_as_such() -> None:
    assert (kept({"KDUMP_KEEP_OLD_DUMPS": "five"}), kept({})) == (None, 0)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_the_section_on_a_real_tree(tmp_path: Path, shell: str, evidence_of: EvidenceOf) -> None:
    root = tmp_path / "overlayfs"
    good = root / "LiveOS/overlay-SQFSRAID-1/var/crash/2026-11-22-22:21"
    lost = root / "crash/2026-01-02-03-04"
    for dump in (good, lost):
        dump.mkdir(parents=True)
        (dump / "vmcore").write_bytes(b"x" * 100)
    (good / "README.txt").write_text("Kernel crashdump\n")
    (lost / "README.txt").write_text("Kernel crashdump\nvmcore status: saved successfully\n")
    (root / "crash/not-a-dump").mkdir()
    (root / "var").mkdir()
    (root / "var/crash").symlink_to("../LiveOS/overlay-SQFSRAID-1/var/crash")
    script = SECTION.script.partition("[ -n")[2]
    script = f"point={root}\n[ -n{script}".replace(
        "readlink -f /run/overlayfs", f"echo {root}/LiveOS/overlay-SQFSRAID-1"
    )
    done = subprocess.run([*shell.split(), "-c", script], capture_output=True, timeout=600, check=True)
    found = Dumps.parse(evidence_of({"dumps": done.stdout}))
    assert isinstance(found, Dumps)
    assert [(dump.name, dump.size, dump.problem) for dump in found.visible] == [("2026-11-22-22:21", 117, "")]
    assert found.orphans == ((f"{root}/crash", 1),)
    assert [dump.problem for dump in found.found] == ["", ""]
