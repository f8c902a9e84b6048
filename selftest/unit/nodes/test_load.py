# SPDX-License-Identifier: Apache-2.0
"""Finding the format, and files that are no inventory."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kdumpcheck.nodes import InventoryError, load_inventory

OWN = "# ours\n\nkdumpcheck-inventory: 1\nnodes: {ncn-w001: }\n"


@pytest.mark.parametrize(
    ("name", "text", "loader"),
    [
        ("inventory.yaml", OWN, "kdumpcheck inventory"),
        ("inventory", OWN, "kdumpcheck inventory"),
        ("inventory", "---\n" + OWN, "kdumpcheck inventory"),
        ("inventory", "\ufeff" + OWN, "kdumpcheck inventory"),
        ("inventory", '{"kdumpcheck-inventory": 1, "nodes": {"ncn-w001": {}}}', "kdumpcheck inventory"),
        ("dump", '\n{"Hardware": [{"ExtraProperties": {"Role": "Management", "Aliases": ["ncn-w001"]}}]}', "SLS dump"),
        ("hosts", "# x\n10.1.1.1 ncn-w001\n", "hosts file"),
        ("hosts", "::1 localhost\nfe80::1 ncn-w001 # x\n", "hosts file"),
        ("hosts", "[w]\nncn-w001\n", "Ansible INI, "),
        ("hosts", "ncn-w001 ansible_port=22\n", "Ansible INI, "),
        ("hosts", "ncn-w001:22\n", "Ansible INI, "),
        ("hosts", "10.1.1.1\n", "Ansible INI, "),
        ("hosts", "10.1.1.1 ansible_user=root\n", "Ansible INI, "),
        ("hosts", "all:\n  hosts: {ncn-w001: }\n", "Ansible YAML, "),
        ("hosts.yml", "all:\n  hosts: {ncn-w001: }\n", "Ansible YAML, "),
    ],
)
def test_formats_are_told_by_name_and_content(tmp_path: Path, name: str, text: str, loader: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    inventory = load_inventory(path, {})
    assert inventory.loader.startswith(loader)
    assert len(inventory.nodes) == 1


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InventoryError) as error:
        load_inventory(tmp_path / "absent.yaml", {})
    assert str(error.value) == f"{tmp_path / 'absent.yaml'}: No such file or directory"


def test_a_loop_of_links(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("a.yaml")
    with pytest.raises(InventoryError, match="Too many levels of symbolic links"):
        load_inventory(tmp_path / "a.yaml", {})


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"a\nb\xff\n", ":2: not UTF-8 text"),
        (b"a\n\nb\0\n", ":3: not text (NUL byte)"),
        ("a: 1".encode("utf-16"), ":1: not UTF-8 text"),
    ],
)
def test_what_is_not_text(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_bytes(data)
    with pytest.raises(InventoryError) as error:
        load_inventory(path, {})
    assert str(error.value) == f"{path}{problem}"


def test_a_huge_file_is_not_read_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "inventory.ini"
    with path.open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(InventoryError, match="larger than 32 MiB, too large for such a file"):
        load_inventory(path, {})


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_what_could_keep_us_waiting_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "inventory"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    with pytest.raises(InventoryError, match="not a regular file"):
        load_inventory(path, {})


def test_a_nul_byte_in_the_name() -> None:
    with pytest.raises(InventoryError, match="not a usable file name"):
        load_inventory(Path("a\0b"), {})
