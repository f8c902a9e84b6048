# SPDX-License-Identifier: Apache-2.0
"""Real nodes for tests. Without the tools or the rights they need, these tests fail and say what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from selftest.lab.live import UP_SECONDS, LiveLab, new_lab, remove_orphans
from selftest.lab.operator import Operator

VMS = ("ncn-m001", "ncn-w001", "ncn-s001")
CONTAINERS = tuple(f"ncn-w{number}" for number in range(101, 106))


@pytest.fixture(scope="session")
def make_lab() -> Iterator[Callable[[str], LiveLab]]:
    """Make a lab of one's own; all of them are taken down in the end, whatever the tests did."""
    remove_orphans()
    made: list[LiveLab] = []

    def make(name: str) -> LiveLab:
        made.append(new_lab(f"{name}{len(made)}"))
        return made[-1]

    yield make
    for lab in made:
        if lab.home.exists():
            lab.remove()


@pytest.fixture(scope="session")
def lab(make_lab: Callable[[str], LiveLab]) -> LiveLab:
    """VM nodes with kdump loaded, and their BMCs. Tests leave them as they found them."""
    live = make_lab("vms")
    live.do("up", *VMS, seconds=UP_SECONDS)
    return live


@pytest.fixture
def operator(lab: LiveLab) -> Operator:
    """Somebody at a terminal, whose commands find the VM nodes."""
    return Operator(lab.environ)


@pytest.fixture(scope="session")
def fleet(make_lab: Callable[[str], LiveLab]) -> LiveLab:
    """Container nodes, quick to break and to heal. Tests leave them as they found them."""
    live = make_lab("fleet")
    live.do("up", "--containers", ",".join(CONTAINERS), seconds=UP_SECONDS)
    return live
