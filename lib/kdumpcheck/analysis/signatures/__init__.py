# SPDX-License-Identifier: Apache-2.0
"""Known ways to die. One file of this directory each; the file is found by being here."""

from __future__ import annotations

import importlib
import pkgutil

from kdumpcheck.analysis.death import Death
from kdumpcheck.analysis.signatures.signature import Signature

__all__ = ["SIGNATURES", "Signature", "recognise"]


def _load() -> dict[str, Signature]:
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "signature")
    found: list[Signature] = [importlib.import_module(f"{__name__}.{name}").SIGNATURE for name in names]
    return {signature.name: signature for signature in found}


#: Every way to die that is known, by its name; plugins add theirs.
SIGNATURES: dict[str, Signature] = _load()


def recognise(death: Death) -> tuple[tuple[Signature, str], ...]:
    """The known ways to die that this death is one of, each with the words of the log that say so."""
    return tuple((each, words) for each in SIGNATURES.values() if (words := each.matches(death)) is not None)
