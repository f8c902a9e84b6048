# SPDX-License-Identifier: Apache-2.0
"""What the images of all dialects are built on: the Debian root with the node's kernel and keys, kept as one archive.

The keys are in it so that one key opens every node of a lab, whatever its dialect.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.bootstrap import bootstrap
from kdumpcheck.lab.image.content import base_hash
from kdumpcheck.lab.image.kernel import install_kernel
from kdumpcheck.lab.image.keys import CLIENT_KEY, install_keys
from kdumpcheck.lab.image.tools import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

_MANIFEST: Final = "base.json"
_ROOT: Final = "root.tar.zst"


@dataclass(frozen=True, slots=True)
class Base:
    """A finished base in the cache."""

    directory: Path
    kernel_release: str
    """``uname -r`` of the node"""
    host_key: str
    """the node's public host key"""

    def unpack(self, root: Path, runner: Runner) -> None:
        """Unpack the node's bare root below ``root``, which must not be there yet."""
        root.mkdir()
        runner.run(["tar", "-I", "zstd", "-xpf", self.directory / _ROOT, "-C", root, "--numeric-owner", "--xattrs"])

    def copy_client_key(self, directory: Path) -> None:
        """Put the key root accepts, and its public half, into a directory."""
        for name in (CLIENT_KEY, f"{CLIENT_KEY}.pub"):
            shutil.copy2(self.directory / name, directory / name)


def have_base(cache: Path, place: Path, runner: Runner, progress: Callable[[str], None]) -> Base:
    """The base of this version, made in ``place`` first if the cache has none."""
    directory = cache / f"base-{base_hash()}"
    if not (directory / _MANIFEST).exists():
        work = place / directory.name
        _make(work, runner, progress)
        remove_tree(directory)
        (work / "base").rename(directory)
        remove_tree(work)
    return Base(directory, **json.loads((directory / _MANIFEST).read_text(encoding="utf-8")))


def _make(work: Path, runner: Runner, progress: Callable[[str], None]) -> None:
    root, result = work / "root", work / "base"
    result.mkdir(mode=0o700, parents=True)
    progress("node image: unpacking Debian packages")
    bootstrap(root, work, runner)
    progress("node image: kernel and keys of the node")
    release = install_kernel(root, runner)
    host_key = install_keys(root, result, runner)
    runner.run(["tar", "-I", "zstd -3 -T0", "-cpf", result / _ROOT, "-C", root, "--numeric-owner", "--xattrs", "."])
    manifest = {"kernel_release": release, "host_key": host_key}
    (result / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
