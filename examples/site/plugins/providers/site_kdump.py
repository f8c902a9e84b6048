# SPDX-License-Identifier: Apache-2.0
"""SUSE's kdump as this site starts it: a unit of the site's own arms it after its network is up."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.providers.suse_legacy import SuseLegacy

REPLACES = "suse_legacy"


@dataclass(frozen=True, slots=True)
class SiteKdump(SuseLegacy):
    """The provider for kdump < 1.9 with the site's unit."""

    title: str = "SUSE kdump before 1.9, armed by site-kdump.service"
    units: tuple[str, ...] = ("kdump.service", "site-kdump.service")


PROVIDER = SiteKdump()
