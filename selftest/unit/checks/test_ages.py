# SPDX-License-Identifier: Apache-2.0
"""initrd.fresh tells a file that was changed from one that no initrd can be newer than."""

from __future__ import annotations

from selftest.unit.checks.test_settings import CHECKS
from selftest.unit.kept import captured, evidence

from kdumpcheck.checks import Judge, Outcome, Result, Subject

CONFIG = b"source\t/etc/sysconfig/kdump\t"


def judged(dated: bytes, **changed: bytes) -> Result:
    sections = captured("initrd-stale")
    rows = [CONFIG + dated if row.startswith(CONFIG) else row for row in sections["initrd-sources"].splitlines()]
    check = CHECKS["initrd.fresh"]
    everything = {**sections, "initrd-sources": b"\n".join([*rows, b""]), **changed}
    return Judge([check]).judge(check, Subject(evidence("ncn-w001", everything)))


def now() -> int:
    (line,) = [line for line in captured("initrd-stale")["system"].splitlines() if line.startswith(b"now=")]
    return int(line.removeprefix(b"now="))


def test_a_file_of_this_very_second_calls_for_a_rebuild() -> None:
    result = judged(b"%d" % now())
    assert (result.outcome, result.found) == (Outcome.WARN, "/etc/sysconfig/kdump changed after it was built")


def test_a_file_dated_in_the_future_calls_for_the_right_time_first() -> None:
    result = judged(b"%d" % (now() + 86400))
    assert result.outcome is Outcome.WARN
    assert "/etc/sysconfig/kdump is dated 2026-" in result.found
    assert result.found.endswith("still to come: set the clock right, or touch it, before building")


def test_a_node_that_does_not_say_what_time_it_is_can_still_be_judged() -> None:
    system = b"\n".join(line for line in captured("initrd-stale")["system"].splitlines() if b"now=" not in line)
    result = judged(b"%d" % (now() + 86400), system=system)
    assert (result.outcome, result.found) == (Outcome.WARN, "/etc/sysconfig/kdump changed after it was built")
