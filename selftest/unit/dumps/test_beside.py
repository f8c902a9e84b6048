# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.dumps.beside import GREP, panic_line, readme_release, readme_word

SYSRQ = b"[   12.679350] sysrq: Trigger a crash\n[   12.679646] Kernel panic - not syncing: sysrq triggered crash\n"
OOPS = (
    b"<1>[   99.1] BUG: unable to handle page fault for address: 0000000000001000\n"
    b"[   99.2] Oops: 0002 [#1] SMP\n[   99.3] Kernel panic - not syncing: Fatal exception\n"
)


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (SYSRQ, "Kernel panic - not syncing: sysrq triggered crash"),
        (SYSRQ.splitlines()[0], "sysrq: Trigger a crash"),
        (OOPS, "BUG: unable to handle page fault for address: 0000000000001000"),
        (OOPS.rpartition(b"[   99.3]")[0], "BUG: unable to handle page fault for address: 0000000000001000"),
        (OOPS.partition(b"[   99.3]")[2], "Kernel panic - not syncing: Fatal exception"),
        (
            b"Kernel panic - not syncing: Out of memory: \x1b[31m\xff\r\n",
            "Kernel panic - not syncing: Out of memory: \\x1b[31m�",
        ),
        (b"all is well\n", None),
        (b"", None),
    ],
)
def test_why_a_kernel_crashed(log: bytes, line: str | None) -> None:
    assert panic_line(log) == line


def test_what_the_node_greps_for_is_what_is_understood() -> None:
    for line in (SYSRQ + OOPS).decode().splitlines():
        assert bool(re.search(GREP, line)) == (panic_line(line.encode()) is not None), line


@pytest.mark.parametrize(
    ("readme", "word"),
    [
        (b"a\nvmcore status: saved successfully\n", "vmcore status: saved successfully"),
        (
            b"If you see this text the crash dump is likely incomplete.\n",
            "If you see this text the crash dump is likely incomplete.",
        ),
        (b"Kernel crashdump\n", ""),
        (b"\xff" * 10, ""),
    ],
)
def test_what_readme_says(readme: bytes, word: str) -> None:
    assert readme_word(readme) == word


@pytest.mark.parametrize(
    ("readme", "release"),
    [
        (b"Kernel crashdump\nKernel version: 6.4.0-150600.23.17-default\n", "6.4.0-150600.23.17-default"),
        (b"Crash time     : x\nKernel version : 5.3.18-150300.59.87-default\n", "5.3.18-150300.59.87-default"),
        (b"Kernel version: $(reboot)\n", None),
        (b"\xff" * 10, None),
    ],
)
def test_which_kernel_readme_names(readme: bytes, release: str | None) -> None:
    assert readme_release(readme) == release


@given(st.binary(max_size=400))
def test_any_bytes_give_one_printable_line(data: bytes) -> None:
    for word in (panic_line(b"BUG: " + data), readme_word(b"vmcore status: " + data)):
        assert word is not None
        assert word.isprintable()
        assert len(word) <= 200
