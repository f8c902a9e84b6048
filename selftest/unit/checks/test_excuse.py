# SPDX-License-Identifier: Apache-2.0
"""Machines that are no metal NCN are skipped with the reason; an NCN never is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdumpcheck.checks import Judge, Outcome, Subject, check, check_of, expect
from kdumpcheck.evidence import Evidence

NCN = "root=live:LABEL=SQFSRAID rd.live.overlay=LABEL=ROOTRAID metal.no-wipe=1"


@check("a.check", title="t", source="s", instruction="i")
def always_broken() -> None:
    expect(ok=False, expected="x", found="y")


def judged(evidence_of: Callable[..., Evidence], text: str) -> tuple[Outcome, str]:
    definition = check_of(always_broken)
    assert definition is not None
    evidence = evidence_of({"system": f"uname_s=Linux\nuname_r=6\n{text}\n"})
    result = Judge([definition]).judge(definition, Subject(evidence))
    return result.outcome, result.message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("uname_n=ncn-m001-pit\ncmdline=root=live:CDLABEL=PITISO rd.live.overlay=LABEL=cow", "PIT"),
        ("uname_n=eniac-pit\npit=yes", "PIT"),
        ("uname_n=ncn-w001\ngoogle=yes\ncmdline=root=UUID=1", "vshasta"),
        ("uname_n=ncn-w001\nvendor=Google\ncmdline=root=UUID=1", "vshasta"),
        ("uname_n=ncn-w001\ncmdline=root=/dev/vda2 crashkernel=360M", "vagrant"),
        ("uname_n=ncn-w001\ncmdline=root=live:http://x rd.live.ram=1", "runs from memory"),
        ("uname_n=nid001234\ncmdline=root=craycps-s3:s3://x", "compute"),
        ("uname_n=x3000c0s1b0n0\ncmdline=root=live:http://x", "compute"),
    ],
)
def test_what_is_no_ncn_is_skipped(evidence_of: Callable[..., Evidence], text: str, reason: str) -> None:
    outcome, message = judged(evidence_of, text)
    assert outcome is Outcome.SKIP
    assert reason in message


@pytest.mark.parametrize(
    "text",
    [
        f"uname_n=ncn-w001\ncmdline={NCN}",
        f"uname_n=ncn-s001.nmn\ncmdline={NCN} rd.live.ram=1",
        f"uname_n=ncn-m001\npit=yes\ngoogle=yes\nvendor=Google\ncmdline={NCN}",
        "uname_n=ncn-w001\ncmdline=root=live:LABEL=SQFSRAID",
        f"uname_n=somebody\ncmdline={NCN}",
        "uname_n=x3000c0s1b0n0\ncmdline=rd.live.overlay=LABEL=ROOTRAID",
        "",
    ],
)
def test_a_node_is_not_excused_by_accident(evidence_of: Callable[..., Evidence], text: str) -> None:
    outcome, message = judged(evidence_of, text)
    assert outcome is Outcome.ERROR, "no packages are known here, so that judging ends there"
    assert "packages" in message
