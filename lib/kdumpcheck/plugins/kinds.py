# SPDX-License-Identifier: Apache-2.0
"""What there are plugins of: each kind has a directory, a name that its files define, and a register."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath
from types import ModuleType
from typing import Any

from kdumpcheck.analysis import signatures
from kdumpcheck.analysis.signatures import Signature
from kdumpcheck.nodes.load import ANSIBLE, SOURCES
from kdumpcheck.nodes.sources.source import Source
from kdumpcheck.power import WAYS, Way
from kdumpcheck.power.choose import USUAL as USUAL_WAY
from kdumpcheck.providers import PROVIDERS, Provider
from kdumpcheck.remedies import REMEDIES, Remedy
from kdumpcheck.reporters import fleet
from kdumpcheck.reporters.formats import FORMATS, USUAL
from kdumpcheck.reporters.reporter import Reporter

_WORD = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
#: What a run writes besides its formats.
_TAKEN = (fleet.NAME, "report.html", "journal.jsonl", "latest")


#: The probe asks for what these say by itself.
_PROVIDERS = tuple(PROVIDERS.values())


def _nothing(_plugin: Any, _others: Mapping[str, Any]) -> str:  # noqa: ANN401 - of any kind
    return ""


def _nothing_more(_plugin: Any, _module: ModuleType) -> Mapping[str, Iterable[str]]:  # noqa: ANN401 - of any kind
    return {}


def _of_a_provider(provider: Provider, module: ModuleType) -> Mapping[str, Iterable[str]]:
    """What those built in do not say; the packages, which a provider only judges, stand in its file as PACKAGES."""
    packages = getattr(module, "PACKAGES", ())
    known = [_told(built_in) for built_in in _PROVIDERS]
    new = {
        name: [word for word in words if not any(word in each[name] for each in known)]
        for name, words in _told(provider).items()
    }
    return {"more_packages": (packages,) if isinstance(packages, str) else packages, **new}


def _told(provider: Provider) -> Mapping[str, Sequence[str]]:
    return {
        "more_units": _words("units", provider.units),
        "more_initrds": _words("initrd", (provider.initrd("*"),)),
        "more_opened": _words("initrd", (provider.initrd("{kernel}"),)),
        "more_files": [PurePosixPath(file).name for file in _words("capture_files", provider.capture_files)],
        "more_sources": _words("initrd_sources", provider.initrd_sources("{kernel}")),
    }


def _words(name: str, words: Sequence[str]) -> Sequence[str]:
    """What a provider says where many words are asked for. Raises `ValueError` for anything else."""
    if wrong := _no_words(words):
        raise ValueError(f"its {name} {wrong}")
    return words


def _no_words(words: object) -> str:
    """Of a string in their place each letter would be one, and nobody would be told."""
    if isinstance(words, str):
        return f"is one string, {words!a:.60}: a tuple of one is written with a comma, (...,)"
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        return f"gives {words!a:.60}, where strings are asked for"
    return ""


def _not_a_word(plugin: Any, _others: Mapping[str, Any]) -> str:  # noqa: ANN401 - a way or a source
    return "" if _WORD.fullmatch(plugin.name) else f"its name {plugin.name[:60]!a} is no word of small letters"


def _not_a_format(reporter: Reporter, others: Mapping[str, Reporter]) -> str:
    """A format is chosen by its name and has a file of its own, beside those of all others."""
    if not _WORD.fullmatch(reporter.name):
        return _not_a_word(reporter, others)
    file = reporter.filename
    if not file or PurePath(file).name != file or file.startswith("."):
        return f"its file {file[:60]!a} is no name of a file"
    if file in (*_TAKEN, *(other.filename for other in others.values())):
        return f"its file {file} is another report's"
    return ""


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
    needed: tuple[str, ...] = ()
    """names that others rely on: what replaces one of them must be called as it was"""
    also: Callable[[Any, ModuleType], Mapping[str, Iterable[str]]] = _nothing_more
    """what the probe must ask for besides, for one of a site's: see `kdumpcheck.probe.more`"""
    wrong: Callable[[Any, Mapping[str, Any]], str] = _nothing
    """what makes a plugin unfit beside the others, "" for nothing"""

    def module_of(self, plugin: object) -> str:
        """The module that a plugin of the package itself is defined in."""
        match plugin:  # some are data, of a class that all of their kind share
            case Signature():
                return f"{signatures.__name__}.{plugin.name.replace('-', '_')}"
            case Reporter():
                return plugin.render.__module__
            case Way():
                return plugin.button.__module__
            case Source():
                return plugin.read.__module__
        return type(plugin).__module__

    def lacks(self, found: object) -> list[str]:
        """What an object lacks to be of this kind."""
        names = [name for name in vars(self.wanted) if not name.startswith("_")]
        names += [name for name in getattr(self.wanted, "__annotations__", {}) if name not in names]
        return [name for name in names if not hasattr(found, name)]


#: In the order in which `kdumpcheck plugins` lists them.
KINDS = (
    Kind("providers", "PROVIDER", Provider, PROVIDERS, also=_of_a_provider),
    # A reboot comes after all that it makes good.
    Kind("remedies", "REMEDY", Remedy, REMEDIES, last="node.reboot"),
    Kind("power", "POWER", Way, WAYS, needed=(USUAL_WAY,), wrong=_not_a_word),
    Kind("reporters", "REPORTER", Reporter, FORMATS, needed=USUAL, wrong=_not_a_format),
    Kind("inventories", "INVENTORY", Source, SOURCES, last=ANSIBLE, needed=(ANSIBLE,), wrong=_not_a_word),
    Kind("signatures", "SIGNATURE", Signature, signatures.SIGNATURES),
)
