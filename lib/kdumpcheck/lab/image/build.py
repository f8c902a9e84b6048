# SPDX-License-Identifier: Apache-2.0
"""Building the node image, once per content, whole or not at all."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.bootstrap import bootstrap
from kdumpcheck.lab.image.content import content_hash
from kdumpcheck.lab.image.disk import make_disk, make_squashfs
from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.initrd import build_initrd
from kdumpcheck.lab.image.kernel import install_kernel
from kdumpcheck.lab.image.keys import install_keys
from kdumpcheck.lab.image.node_image import NodeImage, open_image, write_manifest
from kdumpcheck.lab.image.rpmdb import install_rpmdb
from kdumpcheck.lab.image.tools import Runner, require_host
from kdumpcheck.lab.image.tree import install_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOCK_DEADLINE: Final = 1800.0
_BUILDING: Final = "building-"


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
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(cache, progress):
        image = open_image(directory)
        if image is None:
            image = _build_into(directory, progress)
    return image


@contextmanager
def _alone(cache: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """One build at a time; a second caller waits and then finds the first one's result."""
    with (cache / "build-image.lock").open("w") as lock:
        deadline = time.monotonic() + _LOCK_DEADLINE
        told = False
        while not _locked(lock.fileno()):
            if not told:
                progress("another build of the node image is running: waiting for it")
                told = True
            if time.monotonic() > deadline:
                raise ImageError(
                    f"another build has held {cache}/build-image.lock for {_LOCK_DEADLINE:.0f} s: look at it"
                )
            time.sleep(0.5)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _build_into(directory: Path, progress: Callable[[str], None]) -> NodeImage:
    """Build beside the final place and move there at the end: a broken build leaves nothing but its log."""
    cache = directory.parent
    for leftover in cache.glob(f"{_BUILDING}*"):
        shutil.rmtree(leftover)
    log = cache / "build-image.log"
    log.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=_BUILDING, dir=cache) as name:
        work = Path(name)
        result = work / "image"
        result.mkdir(mode=0o700)
        _steps(work, result, Runner(log), progress)
        if directory.exists():
            shutil.rmtree(directory)
        result.rename(directory)
    image = open_image(directory)
    if image is None:
        raise ImageError(f"the image just built in {directory} has gone")
    return image


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
