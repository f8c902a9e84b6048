# SPDX-License-Identifier: Apache-2.0
"""A way to die that only this site knows: its in-house driver, after a switch was rebooted."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, stack_in

SIGNATURE = Signature(
    name="site-fabric",
    title="the site's fabric driver failed",
    meaning="Driver sitefab 1.x uses a link after its switch took it away.",
    todo="Install sitefab 2.0 (site wiki, page Fabric).",
    source="site wiki, page Fabric",
    matches=stack_in("sitefab"),
)
