# SPDX-License-Identifier: Apache-2.0
"""The lab kernel's symbols: Debian's own debug package, given the name that the lab gives that kernel."""

from __future__ import annotations

import mmap
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from kdumpcheck.lab.image.kernel_release import DEBIAN_FLAVOUR, NCN_FLAVOUR

_SECONDS = 1200


class SymbolsError(Exception):
    """The symbols cannot be had; the text is one line."""


def fetch(release: str, cache: Path) -> Path:
    """The kernel image with symbols of a lab node's kernel: downloaded once (300 MB), kept (600 MB).

    Raises `SymbolsError`.
    """
    kept = cache / f"vmlinux-{release}"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            image = _unpacked(debian_release(release), Path(work))
            rename(image, debian_release(release), release)
            image.replace(kept)
    return kept


def debian_release(release: str) -> str:
    """What Debian calls a kernel that the lab has renamed."""
    return release.removesuffix(NCN_FLAVOUR) + DEBIAN_FLAVOUR


def rename(image: Path, old: str, new: str) -> None:
    """Give a kernel image another release, as the lab does: byte for byte, of the same length."""
    assert len(old) == len(new)
    with image.open("r+b") as stream, mmap.mmap(stream.fileno(), 0) as data:
        for place in [found.start() for found in re.finditer(re.escape(old.encode()), data)]:
            data[place : place + len(new)] = new.encode()


def build_id(image: Path) -> str:
    """By which a kernel image and the dump of a kernel are known to be of one build."""
    argv = ["readelf", "--notes", "--wide", str(image)]
    notes = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Build ID: ([0-9a-f]+)", notes)
    assert found is not None, notes
    return found[1]


def _unpacked(debian: str, work: Path) -> Path:
    """The image out of the debug package, without the modules."""
    package = f"linux-image-{debian}-dbg"
    _done(["apt-get", "-o", "APT::Sandbox::User=root", "download", package], work, "first run: sudo apt-get update")
    (deb,) = work.glob("*.deb")
    inside = f"./usr/lib/debug/boot/vmlinux-{debian}"
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE) as packed:
        subprocess.run(["tar", "-x", "-C", work, inside], stdin=packed.stdout, check=True, timeout=_SECONDS)
    deb.unlink()
    shutil.move(work / inside, work / "vmlinux")
    return work / "vmlinux"


def _done(argv: list[str], work: Path, todo: str) -> None:
    done = subprocess.run(argv, cwd=work, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise SymbolsError(f"{' '.join(argv)}: {' '.join(done.stderr.split())[-300:]} ({todo})")
