# SPDX-License-Identifier: Apache-2.0
"""kdump's implementations: where each keeps its things. One file a provider; exactly one fits a node."""

from __future__ import annotations

from collections.abc import Iterable

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Packages
from kdumpcheck.providers import kdump_tools, kdump_utils, suse, suse_legacy
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.provider import Placed, Provider
from kdumpcheck.providers.saving import Saving

#: Every provider, by its name, in the order in which they are asked; plugins add theirs.
PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (suse_legacy.PROVIDER, suse.PROVIDER, kdump_tools.PROVIDER, kdump_utils.PROVIDER)
}

__all__ = ["PROVIDERS", "Build", "Limits", "Provider", "Saving", "select"]


def select(evidence: Evidence, providers: Iterable[Provider] | None = None) -> Provider | Unknown:
    """The one provider that fits a node, by what is installed there; Unknown with every refusal otherwise."""
    packages = Packages.parse(evidence)
    if isinstance(packages, Unknown):
        return packages
    asked = PROVIDERS.values() if providers is None else providers
    answers = {provider: provider.virtual(packages) for provider in asked}
    fitting = [provider for provider, answer in answers.items() if answer is True]
    if len(fitting) == 1:
        (provider,) = fitting
        return provider.placed(evidence) if isinstance(provider, Placed) else provider
    if fitting:
        return Unknown(f"more than one kdump implementation fits: {', '.join(p.name for p in fitting)}")
    reasons = "; ".join(str(answer) for answer in answers.values())
    return Unknown(f"no kdump implementation that kdumpcheck knows is installed: {reasons}")
