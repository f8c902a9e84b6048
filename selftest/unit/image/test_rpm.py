# SPDX-License-Identifier: Apache-2.0
"""The RPM database is read in the forms that SLES has."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from selftest.unit.image import made

from kdumpcheck.image.directory import open_directory
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.rpm import header, installed

PLACE = "usr/lib/sysimage/rpm"
EXPECTED = sorted((name, "-".join(version)) for name, version in made.RPMS.items())


@pytest.fixture(name="private")
def _private(tmp_path: Path) -> Path:
    (tmp_path / "private").mkdir()
    return tmp_path / "private"


def read(root: Path, private: Path) -> list[tuple[str, str]]:
    return sorted(installed(open_directory(root), private) or [])


def test_sqlite(tmp_path: Path, private: Path) -> None:
    assert read(made.root(tmp_path / "root"), private) == EXPECTED


def test_ndb(tmp_path: Path, private: Path) -> None:
    root = made.root(tmp_path / "root")
    made.remove(root, f"{PLACE}/rpmdb.sqlite")
    made.ndb_database(root / PLACE / "Packages.db", [made.header(name, *v) for name, v in made.RPMS.items()])
    assert read(root, private) == EXPECTED


@pytest.mark.parametrize("offset", [0, 4, 32, 4096])
def test_a_damaged_ndb_is_no_database(tmp_path: Path, private: Path, offset: int) -> None:
    root = made.root(tmp_path / "root")
    made.remove(root, f"{PLACE}/rpmdb.sqlite")
    path = root / PLACE / "Packages.db"
    made.ndb_database(path, [made.header("kdump", "1", "2")])
    raw = bytearray(path.read_bytes())
    raw[offset : offset + 4] = b"XXXX"
    path.write_bytes(bytes(raw))
    with pytest.raises(ImageError, match="ndb"):
        read(root, private)


def test_what_rpm_itself_wrote_is_read(tmp_path: Path, private: Path) -> None:
    """An empty database of rpm's own making: its tables are as the reader has them."""
    root = made.root(tmp_path / "root")
    made.remove(root, f"{PLACE}/rpmdb.sqlite")
    subprocess.run(["rpm", "--dbpath", root / PLACE, "--initdb"], check=True, capture_output=True)
    assert read(root, private) == []


def test_berkeley_db_that_is_none_is_refused(tmp_path: Path, private: Path) -> None:
    root = made.root(tmp_path / "root")
    made.remove(root, f"{PLACE}/rpmdb.sqlite")
    (root / PLACE / "Packages").write_bytes(b"\0" * 8192)
    with pytest.raises(ImageError, match="Berkeley DB"):
        read(root, private)


@pytest.mark.parametrize(
    "blob", [b"", b"\xff" * 40, struct.pack(">II", 1, 4) + struct.pack(">IIII", 1000, 6, 99, 1) + b"a\0\0\0"]
)
def test_a_header_that_is_none(blob: bytes) -> None:
    assert header(blob) is None
