# SPDX-License-Identifier: Apache-2.0
"""The crash proof on a real node: a good crash is proved, and a hung one is reset and named.

All the other ways a crash can go take hours: `make proofs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from selftest.lab.live import UP_SECONDS, LiveLab
from selftest.proofs.crashes import HANGS, Crasher

NODE = "ncn-w001"


@pytest.fixture
def crasher(make_lab: Callable[[str], LiveLab]) -> Iterator[Crasher]:
    """A node of its own: no other test must begin with what a crash has left."""
    live = make_lab("proof")
    live.do("up", NODE, seconds=UP_SECONDS)
    yield Crasher(live)
    live.remove()


def test_a_node_is_proved_and_the_next_hang_is_reset(crasher: Crasher) -> None:
    good = crasher.crash(NODE)
    assert (good.exit_code, good.proof["word"]) == (0, "proved"), good.text
    assert all(good.holds().values())
    assert good.phases()[-3:] == ["boots again", "up", "armed"]
    assert not good.proof["dump"]["kept"]
    (node,) = good.document["nodes"]
    assert (node["proof"]["when"], node["proof"]["outdated"]) == (good.proof["started"], "")
    assert crasher.lab.run(NODE, "ls /var/crash\n").split() == []
    crasher.lab.run(NODE, HANGS, seconds=300)
    hung = crasher.crash(NODE)
    assert (hung.exit_code, hung.proof["word"], hung.proof["rescued"]) == (1, "failed", True), hung.text
    assert hung.proof["hung_in"] in ("capture kernel", "capture initrd")
    assert not hung.holds()["proof.one-dump"]
    (node,) = hung.document["nodes"]
    assert node["proof"]["outdated"].startswith("kdump's settings")
