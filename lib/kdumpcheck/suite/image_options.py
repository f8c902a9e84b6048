# SPDX-License-Identifier: Apache-2.0
"""The command line of the image gate: which images, what ships beside them, and whether one is booted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence
from kdumpcheck.image import Beside, ImageError, look_at_image, name_of
from kdumpcheck.imageboot import Shipped

#: MiB; less than this boots no node, and more than this no machine has to spare.
_LEAST, _MOST = 512, 1 << 20


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """The images to judge, none for a run on nodes, and what boots them."""

    images: tuple[Path, ...]
    beside: Beside
    shipped: Shipped | None = None
    """what --image-boot boots"""
    memory_mib: int = 2048

    @classmethod
    def of(cls, config: pytest.Config) -> ImageOptions:
        """Read them from pytest's configuration. Raises `pytest.UsageError` for what cannot be meant."""
        get = config.getoption
        images = tuple(Path(path).expanduser() for path in get("kdumpcheck_image"))
        kernel, initrd = (_path(get(f"kdumpcheck_{name}")) for name in ("kernel", "initrd"))
        beside = Beside(kernel, initrd, _line(get("kdumpcheck_cmdline")))
        if not images and beside != Beside():
            raise pytest.UsageError("--kernel, --initrd and --cmdline ship beside an image: give --image as well")
        names = [name_of(path) for path in images]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise pytest.UsageError(f"--image: two images would both be called {twice} in the report: judge them apart")
        memory = get("kdumpcheck_image_memory")
        if not _LEAST <= memory <= _MOST:
            raise pytest.UsageError(f"--image-memory {memory}: give a booted image between {_LEAST} and {_MOST} MiB")
        shipped = _shipped(images, beside) if get("kdumpcheck_image_boot") else None
        return cls(images, beside, shipped, memory)

    def look(self) -> Mapping[str, tuple[Evidence, bytes]]:
        """Read all images, by name, in the order given. Raises `pytest.UsageError` for one that cannot be read."""
        try:
            return {name_of(path): look_at_image(path, self.beside) for path in self.images}
        except ImageError as error:
            raise pytest.UsageError(f"--image {error}") from None
        except OSError as error:
            raise pytest.UsageError(f"--image: no private directory can be used ({error.strerror})") from None


def add(group: pytest.OptionGroup) -> None:
    """Add the options to pytest's command line."""
    option = group.addoption
    option(
        "--image",
        dest="kdumpcheck_image",
        metavar="PATH",
        action="append",
        default=[],
        help="judge an image before any node boots it: a SquashFS file, an unpacked root, a tar archive, "
        "or a container image (OCI layout, docker save)",
    )
    option("--kernel", dest="kdumpcheck_kernel", metavar="FILE", help="--image: the kernel that ships beside it")
    option("--initrd", dest="kdumpcheck_initrd", metavar="FILE", help="--image: the initrd that ships beside it")
    option(
        "--cmdline",
        dest="kdumpcheck_cmdline",
        metavar="TEXT",
        # pytest takes a word that begins with @ for a file of arguments, before any plugin is asked.
        help="--image: the kernel command line that boots it; of a file that holds it as --cmdline=@FILE",
    )
    option(
        "--image-boot",
        dest="kdumpcheck_image_boot",
        action="store_true",
        help="--image: also boot it here in a virtual machine, by the kernel, initrd and command line given, and judge"
        " the node it becomes; with tests/recovery --crash --apply that node is crashed, too",
    )
    option(
        "--image-memory",
        dest="kdumpcheck_image_memory",
        metavar="MIB",
        type=int,
        default=2048,
        help="--image-boot: memory of that virtual machine (default: 2048)",
    )


def _shipped(images: tuple[Path, ...], beside: Beside) -> Shipped:
    """What is booted. Raises `pytest.UsageError`."""
    if len(images) != 1:
        raise pytest.UsageError("--image-boot boots one image: give --image once")
    try:
        return Shipped.of(images[0], beside)
    except ImageError as error:
        raise pytest.UsageError(str(error)) from None


def _path(value: str | None) -> Path | None:
    return Path(value).expanduser() if value else None


def _line(value: str | None) -> str | None:
    """The command line: the words themselves, or those of a file. Raises `pytest.UsageError`."""
    if value is None:
        return None
    if value.startswith("@"):
        try:
            value = Path(value[1:]).expanduser().read_bytes()[:65536].decode("utf-8", errors="backslashreplace")
        except OSError as error:
            raise pytest.UsageError(f"--cmdline {value}: {error.strerror}") from None
    words = " ".join(value.split())
    if not words or not words.isprintable():
        raise pytest.UsageError("--cmdline: give the words of a kernel command line, or @FILE that holds them")
    return words
