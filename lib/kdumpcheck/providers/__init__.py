# SPDX-License-Identifier: Apache-2.0
"""kdump's implementations: where each keeps its things. One file a provider; exactly one fits a node."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Packages
from kdumpcheck.providers import kdump_tools, kdump_utils, suse, suse_legacy
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.provider import Placed, Provider
from kdumpcheck.providers.saving import Saving
from kdumpcheck.raised import said

#: Every provider, by its name, in the order in which they are asked; plugins add theirs.
PROVIDERS: dict[str, Provider] = {
    provider.name: provider
    for provider in (suse_legacy.PROVIDER, suse.PROVIDER, kdump_tools.PROVIDER, kdump_utils.PROVIDER)
}

__all__ = ["PROVIDERS", "Broken", "Build", "Limits", "Provider", "Saving", "asked", "select"]


class Broken(Exception):
    """A provider could not answer; the text says in one line whose code broke, and where."""


def select(evidence: Evidence, providers: Iterable[Provider] | None = None) -> Provider | Unknown:
    """The one provider that fits a node, by what is installed there; Unknown with every refusal otherwise."""
    packages = Packages.parse(evidence)
    if isinstance(packages, Unknown):
        return packages
    try:
        answers = [(each, asked(each, packages)) for each in (PROVIDERS.values() if providers is None else providers)]
        fitting = [provider for provider, answer in answers if answer is True]
        if len(fitting) == 1:
            return _placed(fitting[0], evidence)
    except Broken as error:
        return Unknown(str(error))
    if fitting:
        return Unknown(f"more than one kdump implementation fits: {', '.join(p.name for p in fitting)}")
    reasons = "; ".join(str(answer) for _, answer in answers)
    return Unknown(f"no kdump implementation that kdumpcheck knows is installed: {reasons}")


def asked(provider: Provider, packages: Packages) -> Literal[True] | str:
    """Whether a provider fits a node, else why not. Raises `Broken`: what a site's code does must not end a run."""
    try:
        # As a plugin of Salt's would, one may say no without a reason.
        answer: object = provider.virtual(packages)
    except Exception as error:  # noqa: BLE001 - whatever a plugin's code raises is the operator's to know, in one line
        raise Broken(f"the provider {provider.name} broke: {said(error)}") from None
    if answer is True or isinstance(answer, str):
        return answer
    if answer is False or answer is None:
        return f"{provider.name}: no, and its virtual gives {answer} in the place of a reason"
    raise Broken(f"the provider {provider.name} broke: its virtual gave {answer!a:.60}, neither True nor a reason")


def _placed(provider: Provider, evidence: Evidence) -> Provider:
    try:
        return provider.placed(evidence) if isinstance(provider, Placed) else provider
    except Exception as error:  # noqa: BLE001 - as above
        raise Broken(f"the provider {provider.name} broke: {said(error)}") from None
