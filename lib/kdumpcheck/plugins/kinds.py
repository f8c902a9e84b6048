# SPDX-License-Identifier: Apache-2.0
"""What there are plugins of: each kind has a directory, a name that its files define, and a register."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kdumpcheck.analysis import signatures
from kdumpcheck.analysis.signatures import Signature
from kdumpcheck.providers import PROVIDERS, Provider
from kdumpcheck.remedies import REMEDIES, Remedy


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of plugin."""

    directory: str
    """the directory that files of this kind are in, here and below --plugin-dir"""
    attribute: str
    """what each file defines"""
    wanted: type
    """what that must be: a class, or a protocol"""
    register: dict[str, Any]
    """where a run finds them, by name; in the order in which they are used"""
    last: str = ""
    """one that stays behind all that are added"""

    def module_of(self, plugin: object) -> str:
        """The module that a plugin of the package itself is defined in."""
        if isinstance(plugin, Signature):  # data, of a class that all of them share
            return f"{signatures.__name__}.{plugin.name.replace('-', '_')}"
        return type(plugin).__module__

    def lacks(self, found: object) -> list[str]:
        """What an object lacks to be of this kind."""
        names = [name for name in vars(self.wanted) if not name.startswith("_")]
        names += [name for name in getattr(self.wanted, "__annotations__", {}) if name not in names]
        return [name for name in names if not hasattr(found, name)]


#: Ways to power, reporters and inventories are chosen by options; these are found by their files.
KINDS = (
    Kind("providers", "PROVIDER", Provider, PROVIDERS),
    # A reboot comes after all that it makes good.
    Kind("remedies", "REMEDY", Remedy, REMEDIES, last="node.reboot"),
    Kind("signatures", "SIGNATURE", Signature, signatures.SIGNATURES),
)
