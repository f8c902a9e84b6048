# SPDX-License-Identifier: Apache-2.0
"""What a whole run found: one versioned document that every report is made from."""

from __future__ import annotations

from kdumpcheck.results.run import NodeLook, OtherTest, RemedyResult, Run

__all__ = ["NodeLook", "OtherTest", "RemedyResult", "Run"]
