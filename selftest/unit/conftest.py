# SPDX-License-Identifier: Apache-2.0
"""What pure tests share: evidence made of texts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings

from kdumpcheck.evidence import Evidence, Output

# A busy machine draws slowly and judges slowly; neither says anything about what is tested.
settings.register_profile(
    "any-machine", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
# What is drawn is the same each time, so that a change is judged by what it changed. To look for what nobody has
# thought of: pytest --hypothesis-profile=explore selftest/unit
settings.register_profile("explore", settings.get_profile("any-machine"), derandomize=False, max_examples=1000)
settings.load_profile("any-machine")

EvidenceOf = Callable[..., Evidence]


@pytest.fixture
def evidence_of() -> EvidenceOf:
    """Evidence whose sections answered these texts: `evidence_of({"cmdline": "..."})`."""

    def make(sections: dict[str, str | bytes], node: str = "ncn-w001") -> Evidence:
        outputs = {
            name: Output(text.encode() if isinstance(text, str) else text, 0, 0.01, truncated=False)
            for name, text in sections.items()
        }
        return Evidence(node, datetime(2026, 11, 22, tzinfo=UTC), "test", outputs=outputs, complete=True)

    return make
