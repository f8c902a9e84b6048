# SPDX-License-Identifier: Apache-2.0
"""Building the node image of a dialect, once per content, whole or not at all."""

from __future__ import annotations

import shutil
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image.base import have_base
from kdumpcheck.lab.image.content import content_hash
from kdumpcheck.lab.image.debian import install_debian, take_keys
from kdumpcheck.lab.image.disk import make_disk, make_squashfs
from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.initrd import build_initrd
from kdumpcheck.lab.image.node_image import ROOT_DISK, NodeImage, open_image, write_manifest
from kdumpcheck.lab.image.plain import ROOT_UUID, make_root_disk
from kdumpcheck.lab.image.rhel import build_boot_initrd, rename_kernel
from kdumpcheck.lab.image.rpmdb import install_rpmdb
from kdumpcheck.lab.image.tools import Runner, remove_tree, require_host
from kdumpcheck.lab.image.tree import install_tree
from kdumpcheck.lab.locks import locked_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kdumpcheck.lab.image.base import Base
    from kdumpcheck.lab.image.dialect import Dialect

_PATIENCE: Final = 1800.0


def build(cache: Path, dialect: Dialect, progress: Callable[[str], None]) -> NodeImage:
    """The node image of a dialect in this version, built first if the cache has none.

    ``progress`` gets one line per step. Building takes about two minutes, of which most are for what the dialects
    share, and needs root; a finished image needs neither. Raises ImageError.
    """
    directory = cache / f"image-{content_hash(dialect)}"
    image = open_image(directory)
    if image is not None:
        return image
    require_host()
    place = cache / "building"
    with _alone(place, progress):
        if open_image(directory) is None:
            _build_into(directory, place, dialect, progress)
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


def _build_into(directory: Path, place: Path, dialect: Dialect, progress: Callable[[str], None]) -> None:
    """Build beside the final place and move there at the end: a broken build leaves nothing but its log."""
    for leftover in place.iterdir():  # of a build that was killed; we hold the lock
        remove_tree(leftover)
    runner = Runner(place.with_suffix(".log"))
    base = have_base(directory.parent, place, runner, progress)
    work = place / directory.name
    result = work / "image"
    result.mkdir(mode=0o700, parents=True)
    try:
        steps = _plain_steps if dialect.plain else _steps
        steps(work, result, base, dialect, runner, progress)
        remove_tree(directory)
        result.rename(directory)
    finally:
        remove_tree(work)


def _steps(
    work: Path, result: Path, base: Base, dialect: Dialect, runner: Runner, progress: Callable[[str], None]
) -> None:
    root, release = work / "root", base.kernel_release
    progress(f"node image: files of the node, with {dialect.title}")
    base.unpack(root, runner)
    base.copy_client_key(result)
    install_tree(root, dialect)
    install_rpmdb(root, release, dialect, runner)
    progress("node image: live initrd")
    shutil.move(build_initrd(root, release, runner), result / "live.initrd")
    shutil.copyfile(root / f"boot/vmlinuz-{release}", result / "vmlinuz")
    progress("node image: SquashFS and its disk")
    make_squashfs(root, result / "filesystem.squashfs", runner)
    make_disk(result / "filesystem.squashfs", result / "sqfsraid.img", work, runner)
    write_manifest(result, kernel_release=release, host_key=base.host_key)


def _plain_steps(
    work: Path, result: Path, base: Base, dialect: Dialect, runner: Runner, progress: Callable[[str], None]
) -> None:
    root = work / "root"
    base.copy_client_key(result)
    if dialect.installed:
        progress(f"node image: Debian as it is installed, with {dialect.title}")
        release = install_debian(root, work, runner)
        take_keys(root, base, work, runner)
        install_tree(root, dialect)
        initrd = root / f"boot/initrd.img-{release}"
    else:
        progress(f"node image: files of the node, with {dialect.title}")
        base.unpack(root, runner)
        release = rename_kernel(root, base.kernel_release, runner)
        install_tree(root, dialect)
        install_rpmdb(root, release, dialect, runner)
        initrd = build_boot_initrd(root, release, runner)
    shutil.copyfile(initrd, result / "live.initrd")
    shutil.copyfile(root / f"boot/vmlinuz-{release}", result / "vmlinuz")
    progress("node image: its disk")
    make_root_disk(root, result / ROOT_DISK, runner)
    write_manifest(result, kernel_release=release, host_key=base.host_key, root=f"UUID={ROOT_UUID}")
