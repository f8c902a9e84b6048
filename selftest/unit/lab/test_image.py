# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import (
    DEFAULT_DIALECT,
    DIALECTS,
    Dialect,
    ImageError,
    NodeImage,
    build,
    find_dialect,
    open_image,
)
from kdumpcheck.lab.image.apt_sources import sources
from kdumpcheck.lab.image.base import have_base
from kdumpcheck.lab.image.content import GUEST, base_hash, content_hash
from kdumpcheck.lab.image.modules import closure, module_name, read_dependencies
from kdumpcheck.lab.image.node_image import write_manifest
from kdumpcheck.lab.image.tools import Runner


@pytest.fixture
def image(tmp_path: Path) -> NodeImage:
    write_manifest(tmp_path, kernel_release="6.1.0-1.deb-default", host_key="ssh-ed25519 AAAA")
    found = open_image(tmp_path)
    assert found is not None
    return found


def test_cmdline_is_an_ncns(image: NodeImage) -> None:
    words = image.cmdline("ncn-w001").split(" ")
    for word in (
        "root=live:LABEL=SQFSRAID",
        "rd.live.overlay=LABEL=ROOTRAID",
        "rd.live.dir=LiveOS",
        "metal.no-wipe=1",
        "systemd.hostname=ncn-w001",
    ):
        assert words.count(word) == 1
    assert sum(word.startswith("crashkernel=") for word in words) == 1


def test_no_nodes_clock_runs_at_a_rate_its_kernel_has_to_measure(image: NodeImage) -> None:
    """The capture kernel is told the same: kdump copies the words of the running one."""
    words = image.cmdline("ncn-w001").split(" ")
    assert {"clocksource=hpet", "tsc=unstable"} <= set(words)
    assert "tsc=reliable" not in words


def test_a_root_on_a_disk_of_its_own_is_no_ncn(tmp_path: Path) -> None:
    write_manifest(tmp_path, kernel_release="6.1.0-1-cloud-amd64", host_key="ssh-ed25519 AAAA", root="UUID=1")
    image = open_image(tmp_path)
    assert image is not None
    assert image.root_disk == tmp_path / "root.img"
    words = image.cmdline("ncn-w001", crashkernel="384M-:128M").split(" ")
    assert words[:2] == ["root=UUID=1", "ro"]
    assert not [word for word in words if word.startswith(("rd.", "metal."))]
    assert words[-1] == "crashkernel=384M-:128M"


def test_cmdline_takes_any_reservation_or_none(image: NodeImage) -> None:
    both = image.cmdline("n", crashkernel="512M,high", extra=["crashkernel=72M,low", "quiet"])
    assert both.endswith("crashkernel=512M,high crashkernel=72M,low quiet")
    assert "crashkernel" not in image.cmdline("n", crashkernel=None)


def test_cmdline_knows_which_live_dirs_the_disk_holds(image: NodeImage) -> None:
    assert " rd.live.dir=1.5.2 " in image.cmdline("n", live_dir="1.5.2")
    with pytest.raises(ValueError, match=r"LiveOS or 1\.5\.2, not 'csm'"):
        image.cmdline("n", live_dir="csm")


def test_an_image_without_its_last_file_is_none(tmp_path: Path) -> None:
    assert open_image(tmp_path) is None
    assert open_image(tmp_path / "nowhere") is None


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


LEGACY, NEW, DEBIAN = DIALECTS["suse_legacy"], DIALECTS["suse"], DIALECTS["kdump_tools"]


def _hash(root: Path, files: dict[str, str], dialect: Dialect = LEGACY) -> str:
    builder = root / "builder"
    builder.mkdir(parents=True)
    return content_hash(dialect, _tree(root / "guest", files), builder)


def test_the_hash_follows_names_and_bytes_and_nothing_else(tmp_path: Path) -> None:
    base = _hash(tmp_path / "a", {"x/f": "1", "g": "2"})
    assert base == _hash(tmp_path / "b", {"g": "2", "x/f": "1"})
    assert base == _hash(tmp_path / "c", {"g": "2", "x/f": "1", "__pycache__/m.pyc": "3"})
    assert base == _hash(tmp_path / "d", {"x/f": "1", "g": "2", "README.md": "4"})
    others = [{"x/f": "1", "g": "3"}, {"x/h": "1", "g": "2"}, {"x/f": "12", "g": ""}, {"g": "2"}]
    hashes = {_hash(tmp_path / str(i), files) for i, files in enumerate(others)}
    assert len(hashes | {base}) == len(others) + 1


def test_a_change_in_one_dialect_leaves_the_others_image_alone(tmp_path: Path) -> None:
    before = {"node/a": "1", "kdump/b": "1", "kdump-legacy/c": "1", "rpm/node": "1", "rpm/kdump": "1"}
    for number, changed in enumerate(("kdump/b", "rpm/kdump")):
        after = {**before, changed: "2"}
        for dialect in (LEGACY, NEW):
            root = tmp_path / f"{number}-{dialect.name}"
            same = _hash(root / "before", before, dialect) == _hash(root / "after", after, dialect)
            assert same == (dialect is LEGACY), (changed, dialect.name)
    debian = {**before, "packages.kdump-tools": "1"}
    legacy = [
        _hash(tmp_path / f"debian-{number}", {**debian, "packages.kdump-tools": number}, LEGACY) for number in "12"
    ]
    other = [_hash(tmp_path / f"own-{number}", {**debian, "packages.kdump-tools": number}, DEBIAN) for number in "12"]
    assert legacy[0] == legacy[1]
    assert other[0] != other[1]
    for changed in ("node/a", "rpm/node"):
        root = tmp_path / changed
        assert _hash(root / "before", before, NEW) != _hash(root / "after", {**before, changed: "2"}, NEW)


def test_the_hashes_of_the_product_name_directories() -> None:
    found = {content_hash(LEGACY), content_hash(NEW), base_hash()}
    assert len(found) == 3
    for each in found:
        assert len(each) == 12
        assert int(each, 16) >= 0


def test_a_dialect_nobody_knows_is_told_with_those_there_are() -> None:
    assert find_dialect("suse") is NEW
    with pytest.raises(ImageError, match="there is no dialect 'sles'; the lab knows suse_legacy, suse, kdump_tools"):
        find_dialect("sles")


def test_every_dialect_has_its_files() -> None:
    for dialect in DIALECTS.values():
        assert (GUEST / dialect.layer).is_dir()
        lists = GUEST / (f"packages.{dialect.layer}" if dialect.installed else f"rpm/{dialect.layer}")
        assert lists.is_file()
    assert DEFAULT_DIALECT in DIALECTS


def test_a_finished_base_is_taken_as_it_is(tmp_path: Path) -> None:
    directory = tmp_path / f"base-{base_hash()}"
    for name in ("client_key", "client_key.pub"):
        _tree(directory, {name: name})
    _tree(directory, {"base.json": '{"kernel_release": "6.1.0-1.deb-default", "host_key": "ssh-ed25519 AAAA"}'})
    base = have_base(tmp_path, tmp_path / "nowhere", Runner(tmp_path / "build.log"), print)
    assert (base.kernel_release, base.host_key) == ("6.1.0-1.deb-default", "ssh-ed25519 AAAA")
    (tmp_path / "image").mkdir()
    base.copy_client_key(tmp_path / "image")
    assert (tmp_path / "image/client_key.pub").read_text() == "client_key.pub"


DEB822 = """\
Types: deb
# a comment
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.invalid/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://other.invalid/x
Suites: nodistro
Components: main
"""


def test_deb822_sources_are_cut_down_to_the_release(tmp_path: Path) -> None:
    apt = _tree(
        tmp_path, {"sources.list.d/debian.sources": DEB822, "sources.list.d/x.list": "deb http://x bookworm main\n"}
    )
    assert sources(apt) == (
        "Types: deb\nURIs: http://mirror.invalid/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def test_one_line_sources_serve_as_well(tmp_path: Path) -> None:
    lines = [
        "# deb http://commented.invalid bookworm main",
        "deb [signed-by=/k.gpg] http://mirror.invalid/debian bookworm main contrib",
        "deb-src http://mirror.invalid/debian bookworm main",
        "deb http://mirror.invalid/security bookworm-security main",
        "deb http://cloud.invalid/apt cloud-bookworm main",
    ]
    assert sources(_tree(tmp_path, {"sources.list": "\n".join(lines)})).splitlines() == [lines[1], lines[3]]


def test_a_machine_without_debian_sources_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no apt source of this machine offers Debian bookworm"):
        sources(_tree(tmp_path, {"sources.list": "deb http://mirror.invalid/ubuntu noble main\n"}))


def test_modules_kept_bring_those_they_need() -> None:
    needs = read_dependencies(
        "kernel/fs/xfs/xfs.ko.xz: kernel/lib/libcrc32c.ko.xz\n"
        "kernel/lib/libcrc32c.ko.xz:\n"
        "kernel/drivers/md/dm-mod.ko:\n"
        "kernel/drivers/hid/hid.ko:\n"
    )
    kept = closure(needs, frozenset({"xfs", "dm_mod"}))
    assert {module_name(path) for path in kept} == {"xfs", "libcrc32c", "dm_mod"}


def test_a_failed_program_is_one_line_with_its_last_words(tmp_path: Path) -> None:
    runner = Runner(tmp_path / "build.log")
    with pytest.raises(ImageError, match=r"^sh failed \(no such mirror\); the whole log is .*build\.log$"):
        runner.run(["sh", "-c", "echo first; echo no such mirror >&2; echo; exit 100"])


def test_building_without_root_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match="building the node image needs root"):
        build(tmp_path / "cache", LEGACY, print)
    assert not (tmp_path / "cache").exists()


def test_a_missing_program_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match=r"apt-get install .*mmdebstrap.*squashfs-tools"):
        build(tmp_path / "cache", LEGACY, print)
