# SPDX-License-Identifier: Apache-2.0
"""Building the node image, once per content, whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image.bootstrap import bootstrap
from kdumpcheck.lab.image.content import content_hash
from kdumpcheck.lab.image.disk import make_disk, make_squashfs
from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.initrd import build_initrd
from kdumpcheck.lab.image.kernel import install_kernel
from kdumpcheck.lab.image.keys import install_keys
from kdumpcheck.lab.image.node_image import NodeImage, open_image, write_manifest
from kdumpcheck.lab.image.rpmdb import install_rpmdb
from kdumpcheck.lab.image.tools import Runner, remove_tree, require_host
from kdumpcheck.lab.image.tree import install_tree
from kdumpcheck.lab.locks import locked_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PATIENCE: Final = 1800.0


def build(cache: Path, progress: Callable[[str], None]) -> NodeImage:
    """The node image of this version, built first if the cache has none.

    ``progress`` gets one line per step. Building takes about two minutes and needs root; a finished image needs
    neither. Raises ImageError.
    """
    directory = cache / f"image-{content_hash()}"
    image = open_image(directory)
    if image is not None:
        return image
    require_host()
    place = cache / "building"
    with _alone(place, progress):
        if open_image(directory) is None:
            _build_into(directory, place, progress)
    image = open_image(directory)
    if image is None:
        raise ImageError(f"the image just built in {directory} has gone")
    return image


@contextmanager
def _alone(place: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """One build at a time; a second caller waits and then finds the first one's result."""
    busy = f"another build of the node image is running in {place}"
    with ExitStack() as stack:
        try:
            stack.enter_context(locked_directory(place, 0.0, busy))
        except LabError:
            progress(f"node image: {busy}; waiting for it")
            stack.enter_context(locked_directory(place, _PATIENCE, f"{busy} and does not end: look at it"))
        yield


def _build_into(directory: Path, place: Path, progress: Callable[[str], None]) -> None:
    """Build beside the final place and move there at the end: a broken build leaves nothing but its log."""
    for leftover in place.iterdir():  # of a build that was killed; we hold the lock
        remove_tree(leftover)
    work = place / directory.name
    result = work / "image"
    result.mkdir(mode=0o700, parents=True)
    try:
        _steps(work, result, Runner(place.with_suffix(".log")), progress)
        remove_tree(directory)
        result.rename(directory)
    finally:
        remove_tree(work)


def _steps(work: Path, result: Path, runner: Runner, progress: Callable[[str], None]) -> None:
    root = work / "root"
    progress("node image: unpacking Debian packages")
    bootstrap(root, work, runner)
    progress("node image: kernel, files and keys of the node")
    release = install_kernel(root, runner)
    install_tree(root)
    host_key = install_keys(root, result, runner)
    install_rpmdb(root, release, runner)
    progress("node image: live initrd")
    shutil.move(build_initrd(root, release, runner), result / "live.initrd")
    shutil.copyfile(root / f"boot/vmlinuz-{release}", result / "vmlinuz")
    progress("node image: SquashFS and its disk")
    make_squashfs(root, result / "filesystem.squashfs", runner)
    make_disk(result / "filesystem.squashfs", result / "sqfsraid.img", work, runner)
    write_manifest(result, kernel_release=release, host_key=host_key)
