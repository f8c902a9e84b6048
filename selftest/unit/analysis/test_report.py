# SPDX-License-Identifier: Apache-2.0
"""What would tell more, by what crash(8) could tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kdumpcheck.analysis import session
from kdumpcheck.analysis.document import document
from kdumpcheck.analysis.report import analyzed
from kdumpcheck.analysis.source import Given, here
from kdumpcheck.analysis.text import page

CAPTURED = Path(__file__).parent / "crash"
LOG = b"[ 1.0] Kernel panic - not syncing: sysrq triggered crash\n"
DUMP = Given(
    "dump", "/dump", LOG, release="6.4.0-150600.23.17-default", vmcores=("vmcore",), verdict="complete", whole=True
)


def said(name: str) -> session.Session:
    return session.read((CAPTURED / f"{name}.txt").read_bytes(), "@@0")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("whole", ["crash was not sure of itself (WARNING: active task"]),
        ("other-kernel", ["the kernel image is of another build", "a crash(8) or drgn newer than this kernel may"]),
        ("no-symbols", ["no debugging data available", "crash(8) needs kernel-default-debuginfo="]),
        ("little-memory", ["--crash-memory"]),
    ],
)
def test_what_would_tell_more(name: str, words: list[str]) -> None:
    more = analyzed(DUMP, said(name)).more
    assert len(more) == len(words)
    assert all(word in line for word, line in zip(words, more, strict=True))


def test_which_crash_with_which_kernel_is_told() -> None:
    report = analyzed(DUMP, said("whole"))
    kernel = "/var/crash/2026-11-28-19-08/vmlinux-6.1.0-56.deb-default"
    assert f"  crash 8.0.2 with {kernel}\n" in page(report)
    assert document(report)["crash"]["version"] == "crash 8.0.2"
    assert document(report)["crash"]["warnings"] == list(said("whole").warnings)


def test_a_log_out_of_the_vmcore_is_the_log() -> None:
    report = analyzed(replace(DUMP, log=b""), said("whole"))
    assert report.death.task == "bash"
    assert "log        out of the vmcore" in page(report)


def test_where_the_vmcore_tells_no_kernel_readme_does(tmp_path: Path) -> None:
    (tmp_path / "vmcore").write_bytes(b"KDUMP   ")
    (tmp_path / "README.txt").write_text("Kernel version: 6.4.0-150600.23.17-default\n")
    given = here(tmp_path)
    assert (given.release, given.vmcores) == ("6.4.0-150600.23.17-default", ("vmcore",))
