# SPDX-License-Identifier: Apache-2.0
"""Putting plugins to use: built in, then entry points, then --plugin-dir; a later one replaces only by its own word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from kdumpcheck.plugins.kinds import KINDS, Kind
from kdumpcheck.plugins.plugin import Plugin, PluginError
from kdumpcheck.plugins.site import in_directory, installed
from kdumpcheck.probe import more
from kdumpcheck.raised import said

BUILT_IN = "built in"
#: What the package itself brings, from before anything was added.
_OWN: dict[str, dict[str, Any]] = {kind.directory: dict(kind.register) for kind in KINDS}
_loaded: list[Plugin] = []


def load(directories: Iterable[Path] = ()) -> Sequence[Plugin]:
    """Make the registers of this process those of these directories; every plugin found. Raises `PluginError`.

    Nothing is left half done: on an error the registers hold what is built in.
    """
    _reset()
    try:
        for found in installed():
            _add(*found)
        for directory in directories:
            for found in in_directory(directory.expanduser()):
                _add(*found)
    except PluginError:
        _reset()
        raise
    return tuple(_loaded)


def loaded() -> Sequence[Plugin]:
    """Every plugin of this process, used or replaced."""
    return tuple(_loaded)


def _reset() -> None:
    _loaded.clear()
    more.forget()
    for kind in KINDS:
        kind.register.clear()
        kind.register.update(_OWN[kind.directory])
        for name, plugin in kind.register.items():
            _loaded.append(Plugin(kind.directory, name, BUILT_IN, kind.module_of(plugin)))


def _add(kind: Kind, layer: str, where: str, module: ModuleType) -> None:
    plugin = getattr(module, kind.attribute, None)
    if plugin is None:
        raise PluginError(f"{where}: it defines no {kind.attribute}, as every file of {kind.directory} must")
    if misread := _misread(kind, plugin):
        raise PluginError(f"{where}: {misread}")
    if lacking := kind.lacks(plugin):
        raise PluginError(f"{where}: its {kind.attribute} has no {', '.join(lacking[:5])}")
    name, replaces = str(plugin.name), getattr(module, "REPLACES", None)
    if name in kind.register and replaces != name:
        other = next(each for each in _loaded if (each.kind, each.name, each.replaced_by) == (kind.directory, name, ""))
        raise PluginError(
            f"{where}: there is {name} in {kind.directory} already ({other.layer}, {other.module}): "
            f'give it another name, or say REPLACES = "{name}" in the file to take its place'
        )
    if replaces is not None and replaces not in kind.register:
        raise PluginError(f"{where}: it replaces {replaces}, and no such plugin is in {kind.directory}")
    if replaces in kind.needed and name != replaces:
        raise PluginError(
            f"{where}: what replaces {replaces} must be called {replaces}, and not {name}: all runs use it"
        )
    if wrong := kind.wrong(plugin, {known: each for known, each in kind.register.items() if known != replaces}):
        raise PluginError(f"{where}: {wrong}")
    _ask(kind, where, plugin, module)
    if replaces is not None:
        _retire(kind, replaces, where)
    _put(kind, name, plugin, replaces)
    _loaded.append(Plugin(kind.directory, name, layer, where))


def _misread(kind: Kind, plugin: object) -> str:
    """What Python takes otherwise than its author meant it, "" for nothing."""
    if isinstance(plugin, type):
        return f"its {kind.attribute} is a class, not one of that class: write {kind.attribute} = {plugin.__name__}()"
    own = vars(type(plugin))
    if not is_dataclass(plugin) or "__dataclass_fields__" in own:
        return ""
    # The constructor it inherits would give each of these the value that they have in its base.
    lost = [field.name for field in fields(plugin) if field.name in own]
    return f"{type(plugin).__name__} needs @dataclass: its {', '.join(lost)} would not be used" if lost else ""


def _ask(kind: Kind, where: str, plugin: object, module: ModuleType) -> None:
    try:
        more.ask(kind.also(plugin, module))
    except Exception as error:  # noqa: BLE001 - whatever a plugin's code raises is the operator's to know, in one line
        raise PluginError(f"{where}: {error if isinstance(error, ValueError) else said(error, where)}") from None


def _retire(kind: Kind, name: str, where: str) -> None:
    for number, each in enumerate(_loaded):
        if (each.kind, each.name, each.replaced_by) == (kind.directory, name, ""):
            _loaded[number] = replace(each, replaced_by=where)


def _put(kind: Kind, name: str, plugin: object, replaces: str | None) -> None:
    """In the place of what it replaces, else behind the others, but before the one that stays last."""
    order: dict[str, Any] = {}
    for known, other in kind.register.items():
        if known == replaces:
            order[name] = plugin
            continue
        if known == kind.last and replaces is None:
            order[name] = plugin
        order[known] = other
    order.setdefault(name, plugin)
    kind.register.clear()
    kind.register.update(order)
