# SPDX-License-Identifier: Apache-2.0
"""Kept evidence is judged by what its node was asked, and by nothing that nobody asked then."""

from __future__ import annotations

from pathlib import Path

from selftest.detection.verdict import SUITE, Bar, asked, judge
from selftest.unit.kept import captured, evidence, keep

from kdumpcheck.catalogue import load_checks

CHECKS = {check.id: check for check in load_checks(SUITE)}


def test_what_was_not_asked_then_and_cannot_be_told_without_is_not_judged() -> None:
    older = {name: data for name, data in captured("healthy").items() if name != "modules"}
    assert not asked(CHECKS["initrd.devices"], evidence("ncn-w001", older))
    assert asked(CHECKS["initrd.devices"], evidence("ncn-w001", captured("healthy")))
    assert asked(CHECKS["initrd.tools"], evidence("ncn-w001", older))
    judged = {result.check for result in judge(CHECKS.values(), evidence("ncn-w001", older))}
    assert set(CHECKS) - judged == {"initrd.devices"}


def test_what_was_asked_and_not_answered_could_not_be_told(tmp_path: Path) -> None:
    """Else a look that ended early would make a node green."""
    answered = dict(list(captured("healthy").items())[:4])
    verdict = Bar().verdict(keep(tmp_path, "ncn-w001", answered, ended=False))
    assert {"service.active", "initrd.devices"} <= verdict.errors
