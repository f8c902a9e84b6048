# SPDX-License-Identifier: Apache-2.0
"""The node's RPM database: real packages, built and registered by the node's own rpm, over files it really has."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.content import GUEST
from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.kernel_release import rpm_version_release
from kdumpcheck.lab.image.rhel import rpm_version_release as rhel_version_release
from kdumpcheck.lab.image.tree import layers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kdumpcheck.lab.image.dialect import Dialect
    from kdumpcheck.lab.image.tools import Runner

_WORK: Final = "var/tmp/rpmdb"


@dataclass(frozen=True, slots=True)
class Package:
    """One RPM of the node."""

    name: str
    version: str
    release: str
    summary: str
    files: tuple[str, ...]


def install_rpmdb(root: Path, kernel_release: str, dialect: Dialect, runner: Runner) -> None:
    """Build the packages of the guest tree's lists and enter them into the database of ``root``."""
    work = root / _WORK
    work.mkdir(parents=True)
    for package in read_packages(package_list(dialect), kernel_release):
        (work / f"{package.name}.spec").write_text(spec(package), encoding="utf-8")
        runner.run_in(root, ["rpmbuild", "-bb", "--quiet", *_BUILD_OPTIONS, f"/{_WORK}/{package.name}.spec"])
    # --justdb: the files are there already; the database gets their digests, so `rpm -V` tells the truth.
    runner.run_in(
        root,
        ["sh", "-c", f"rpm --initdb && exec rpm --force-debian -i --justdb --nodeps --noscripts /{_WORK}/rpms/*/*.rpm"],
    )
    shutil.rmtree(work)


_BUILD_OPTIONS: Final = (
    "--define", f"_topdir /{_WORK}",
    "--define", f"_rpmdir /{_WORK}/rpms",
    "--define", "_build_id_links none",
    "--define", "debug_package %{nil}",
    "--define", "__os_install_post %{nil}",
    "--define", "_binary_payload w0.gzdio",
    "--define", "_buildhost lab",
)  # fmt: skip


def package_list(dialect: Dialect) -> str:
    """The RPMs of a dialect's node: those of each of its layers that has any."""
    lists = (GUEST / "rpm" / layer for layer in layers(dialect))
    return "\n\n".join(found.read_text(encoding="utf-8") for found in lists if found.is_file())


def read_packages(text: str, kernel_release: str) -> Iterator[Package]:
    """Packages of the list: blocks of ``key: value`` lines, ``files`` once per path."""
    version, release = rhel_version_release(kernel_release) or rpm_version_release(kernel_release)
    text = text.replace("@KVER@", kernel_release).replace("@KERNEL_VERSION@", version)
    text = text.replace("@KERNEL_RELEASE@", release)
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if lines:
            yield _package(lines)


def _package(lines: list[str]) -> Package:
    fields: dict[str, str] = {}
    files: list[str] = []
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon:
            raise ImageError(f"guest RPM list: expected 'key: value', got {line!r}")
        if key == "file":
            files.append(value)
        else:
            fields[key] = value
    return Package(fields["name"], fields["version"], fields["release"], fields["summary"], tuple(files))


def spec(package: Package) -> str:
    """An RPM spec that packs the named files of the system it is built on."""
    copies = "\n".join(f"cp -a --parents .{path} %{{buildroot}}" for path in package.files)
    return f"""\
Name: {package.name}
Version: {package.version}
Release: {package.release}
Summary: {package.summary}
License: GPL-2.0-or-later
AutoReqProv: no

%description
{package.summary}, as the lab node has it.

%install
mkdir -p %{{buildroot}}
cd /
{copies}

%files
{chr(10).join(package.files)}
"""
