# SPDX-License-Identifier: Apache-2.0
"""A site's own plugins: files in directories that the operator names, and entry points of installed packages."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from kdumpcheck.plugins.kinds import KINDS, Kind
from kdumpcheck.plugins.plugin import PluginError
from kdumpcheck.raised import said

GROUP = "kdumpcheck.plugins"
"""Entry points of this group name a module each; the entry's own name is KIND.NAME, as in providers.mine."""

Found = tuple[Kind, str, str, ModuleType]
"""A kind, the layer, the file or module, and the module itself."""


def installed() -> Iterator[Found]:
    """What installed packages bring. Raises `PluginError`."""
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        directory = entry.name.partition(".")[0]
        kind = next((kind for kind in KINDS if kind.directory == directory), None)
        if kind is None:
            kinds = ", ".join(kind.directory for kind in KINDS)
            raise PluginError(f"entry point {entry.name}: {directory} is no kind of plugin (they are {kinds})")
        try:
            module = entry.load()
        except Exception as error:  # noqa: BLE001 - whatever a plugin's code raises is the operator's to know, in one line
            raise PluginError(f"entry point {entry.name} ({entry.value}): {said(error)}") from None
        yield kind, f"entry point {entry.name}", entry.value, module


def in_directory(directory: Path) -> Iterator[Found]:
    """The files below a directory, in DIR/providers and so on. Raises `PluginError`."""
    if not directory.is_dir():
        raise PluginError(f"--plugin-dir {directory}: it is no directory")
    _refuse_writable(directory)
    _refuse_misplaced(directory)
    for kind in KINDS:
        place = directory / kind.directory
        if not place.is_dir():
            continue
        _refuse_writable(place)
        for file in sorted(place.glob("*.py")):
            if not file.name.startswith("_"):
                _refuse_writable(file)
                yield kind, f"--plugin-dir {directory}", str(file), _imported(kind, file)


def _refuse_misplaced(directory: Path) -> None:
    """A plugin that lies where nobody looks, or in a misspelt directory, would silently not be there."""
    known = {kind.directory for kind in KINDS}
    places = {place.name: place for place in sorted(directory.iterdir()) if place.is_dir()}
    for name, place in places.items():
        if name in known:
            _refuse_nested(place)
        elif not name.startswith((".", "_")) and any(map(_is_a_plugin, place.glob("*.py"))):
            raise PluginError(f"{place}: this is no kind of plugin; they are {', '.join(sorted(known))}")
    if not known & places.keys():
        raise PluginError(
            f"--plugin-dir {directory}: there is no directory of plugins in it, as {directory}/providers; "
            f"they are {', '.join(sorted(known))}"
        )


def _refuse_nested(place: Path) -> None:
    nested = next((file for file in sorted(place.glob("[!._]*/*.py"))), None)
    if nested is not None:
        raise PluginError(f"{nested}: a plugin is one file, directly in {place}")


def _is_a_plugin(file: Path) -> bool:
    """Checks may lie beside plugins."""
    return not file.name.startswith("test_") and file.name != "conftest.py"


def _refuse_writable(path: Path) -> None:
    """Who may write here runs code as the operator, and as root on every node."""
    status = path.stat()
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PluginError(f"{path}: others can write to it: chmod go-w {path}")
    if status.st_uid not in (0, os.geteuid()):
        raise PluginError(f"{path}: it belongs to another user (uid {status.st_uid})")


def _imported(kind: Kind, file: Path) -> ModuleType:
    name = f"kdumpcheck_site.{kind.directory}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise PluginError(f"{file}: it cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - as above
        del sys.modules[name]
        raise PluginError(said(error, str(file))) from None
    return module
