# SPDX-License-Identifier: Apache-2.0
"""dumps.complete by what was seen of the vmcores: the word of README.txt is not enough, and no answer is no pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from selftest.unit.checks.test_settings import CHECKS, DUMP, HEALTHY
from selftest.unit.dumps.made import compressed, flattened

from kdumpcheck.checks import Judge, Outcome, Result, Subject
from kdumpcheck.evidence import Output
from kdumpcheck.providers import suse_legacy

if TYPE_CHECKING:
    from collections.abc import Callable

    from kdumpcheck.evidence import Evidence

WHOLE = flattened(compressed())


def judged(evidence: Evidence) -> Result:
    check = CHECKS["dumps.complete"]
    return Judge([check]).judge(check, Subject(evidence, lambda _: suse_legacy.PROVIDER))


def seen(data: bytes) -> str:
    """What the probe says of a vmcore."""
    stretches = [(0, data[:512]), (4096, data[4096:]), (len(data) - 32, data[-32:])]
    lines = [f"bytes\t{DUMP}/vmcore\t{place}\t{stretch[:4096].hex()}\n" for place, stretch in stretches]
    return f"vmcore\t{DUMP}/vmcore\t{len(data)}\t1\n" + "".join(lines)


@pytest.mark.parametrize(
    ("data", "outcome", "word"),
    [(WHOLE, Outcome.PASS, ""), (WHOLE[:-100], Outcome.WARN, "the vmcore is incomplete: it ends without the mark")],
)
def test_a_vmcore_counts_as_it_ends(
    evidence_of: Callable[..., Evidence], data: bytes, outcome: Outcome, word: str
) -> None:
    result = judged(evidence_of({**HEALTHY, "dumps.vmcores": seen(data)}))
    assert result.outcome is outcome
    assert word in result.found


def test_no_answer_is_an_error_unless_the_listing_shows_enough(evidence_of: Callable[..., Evidence]) -> None:
    late = {"dumps.vmcores": Output(b"", 124, 20.0, truncated=False)}
    evidence = evidence_of(HEALTHY)
    assert judged(evidence).outcome is Outcome.PASS, "before this was asked, the listing was all there was"
    silent = replace(evidence, outputs={**evidence.outputs, **late})
    assert judged(silent).outcome is Outcome.ERROR
    empty = evidence_of({**HEALTHY, "dumps": HEALTHY["dumps"].replace("18606639", "0")})
    assert judged(replace(empty, outputs={**empty.outputs, **late})).outcome is Outcome.WARN
