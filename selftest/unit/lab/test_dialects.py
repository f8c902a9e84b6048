# SPDX-License-Identifier: Apache-2.0
"""A lab may hold nodes of several dialects; each node keeps its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kdumpcheck.lab import accel, blueprint, host
from kdumpcheck.lab.addresses import Block
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import DIALECTS, Dialect, NodeImage, open_image
from kdumpcheck.lab.image.node_image import write_manifest
from kdumpcheck.lab.lab import Lab
from kdumpcheck.lab.record import NodeRecord, VmBody
from kdumpcheck.lab.status import nodes_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def image(tmp_path: Path) -> Callable[[Dialect], NodeImage]:
    """Images nobody has to build."""

    def made(dialect: Dialect) -> NodeImage:
        directory = tmp_path / f"image-{dialect.name}"
        directory.mkdir(exist_ok=True)
        root = "UUID=1" if dialect.plain else ""
        write_manifest(directory, kernel_release="6.1.0-1.deb-default", host_key="ssh-ed25519 AAAA", root=root)
        found = open_image(directory)
        assert found is not None
        return found

    return made


@pytest.fixture
def lab(tmp_path: Path, image: Callable[[Dialect], NodeImage], monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A lab with a node of each dialect, whose images are there and whose `up` ends when it would need QEMU."""

    def stop(*_: object) -> str:
        raise LabError("here it would look for KVM")

    monkeypatch.setattr("kdumpcheck.lab.lab.build", lambda _cache, dialect, _tell: image(dialect))
    monkeypatch.setattr(accel, "choose", stop)
    monkeypatch.setattr(host, "require_tools", lambda _: None)
    there = Lab(tmp_path / "lab", tmp_path, os.environ, lambda _: None)
    for index, (name, dialect) in enumerate((("ncn-m001", "suse_legacy"), ("ncn-w001", "suse")), start=1):
        record = blueprint.vm(name, index, Block(1), image(DIALECTS[dialect]), dialect, "tcg")
        record.save(there.state.node(name))
    return there


def up(lab: Lab, *names: str, dialect: str | None = None) -> str:
    """What `lab up` complains of."""
    with pytest.raises(LabError) as raised:
        lab.up(names, dialect=dialect)
    return str(raised.value)


@pytest.mark.parametrize(
    ("asked", "names", "chosen"),
    [
        (None, ["ncn-m001"], "suse_legacy"),
        (None, ["ncn-w001"], "suse"),
        (None, ["ncn-w001", "ncn-m001"], "suse_legacy"),
        (None, ["ncn-w009"], "suse_legacy"),
        ("suse", ["ncn-w001", "ncn-w009"], "suse"),
    ],
)
def test_a_node_keeps_its_dialect_and_a_new_one_gets_what_was_asked_for(
    lab: Lab, asked: str | None, names: list[str], chosen: str
) -> None:
    assert lab.choose(asked, names) == chosen


def test_another_dialect_for_a_node_that_is_there_is_refused(lab: Lab) -> None:
    assert "ncn-m001: it is a node of suse_legacy in this lab already" in up(lab, "ncn-m001", dialect="suse")
    assert "there is no dialect 'sles'" in up(lab, "ncn-w009", dialect="sles")


def test_a_lab_remembers_the_image_of_each_dialect(lab: Lab, tmp_path: Path) -> None:
    for dialect in DIALECTS:
        assert up(lab, "ncn-w009", dialect=dialect) == "here it would look for KVM"
    facts = lab.state.facts()
    assert facts is not None
    assert facts.images == {name: str(tmp_path / f"image-{name}") for name in DIALECTS}


@pytest.mark.parametrize("known", [{"images": {"suse": "/cache/image-old"}}, {"image": "/cache/image-old"}])
def test_a_lab_of_another_version_is_not_mixed_with_this_one(lab: Lab, known: dict[str, object]) -> None:
    (lab.state.root / "lab.json").write_text(json.dumps({"block": 1, **known}))
    assert "another version of the node image; run `kdumpcheck lab down` first" in up(lab, "ncn-w009", dialect="suse")


def test_status_shows_the_dialect_of_each_node(lab: Lab) -> None:
    rows = text_of(lab, nodes_of(lab)).splitlines()[:3]
    assert [row.split()[:4] for row in rows[1:]] == [
        ["ncn-m001", "vm", "(tcg)", "suse_legacy"],
        ["ncn-w001", "vm", "(tcg)", "suse"],
    ]


def test_a_record_from_before_there_were_dialects_is_of_the_older_one(lab: Lab) -> None:
    directory = lab.state.node("ncn-m001")
    before = NodeRecord.load(directory)
    record = json.loads((directory / "node.json").read_text())
    assert record.pop("dialect") == "suse_legacy"
    (directory / "node.json").write_text(json.dumps(record))
    assert NodeRecord.load(directory) == before


def test_a_debian_node_boots_from_its_one_disk_with_debians_crash_memory(
    image: Callable[[Dialect], NodeImage],
) -> None:
    debian = DIALECTS["kdump_tools"]
    record = blueprint.vm("ncn-m001", 1, Block(1), image(debian), debian.name, "tcg")
    assert isinstance(record.body, VmBody)
    assert (record.body.boot.squashfs_disk, record.body.boot.disks) == ("", ("root.qcow2",))
    assert record.cmdline.endswith("crashkernel=384M-:128M panic=10")
    rhel = blueprint.vm("ncn-m001", 1, Block(1), image(DIALECTS["kdump_utils"]), "kdump_utils", "tcg")
    assert rhel.cmdline.endswith("crashkernel=192M")
    ncn = blueprint.vm("ncn-m001", 1, Block(1), image(DIALECTS["suse"]), "suse", "tcg")
    assert ncn.cmdline.endswith("crashkernel=160M")
