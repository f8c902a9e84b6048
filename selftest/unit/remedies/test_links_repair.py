# SPDX-License-Identifier: Apache-2.0
"""Making ROOTRAID's links on a pretend node: as the boot hook would, and no dump is ever lost or hidden."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selftest.unit.pretend import PretendNode
from selftest.unit.remedies.planned import NEWER, cut, killed, plan

from kdumpcheck.remedies import RemedyError, links_repair

POINT = "/run/initramfs/overlayfs"
LAYER = "LiveOS/overlay-SQFSRAID-0123"
UPPER = f"{POINT}/{LAYER}"
DUMP, OTHER = "2026-01-02-03:04", "2026-02-03-04:05"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The overlay's view of /var/crash is nobody's here."""
    monkeypatch.setattr(links_repair, "SHOWN", "/run/shown")


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    node = PretendNode(tmp_path / "node")
    prepare(node)
    return node


def rootraid(node: PretendNode) -> Path:
    return node.root / POINT.removeprefix("/")


def saved(node: PretendNode) -> Path:
    return rootraid(node) / LAYER / "var/crash"


def prepare(node: PretendNode) -> None:
    """A good boot link, and in the crash link's place a directory with a dump and the link inside it."""
    saved(node).mkdir(parents=True)
    (rootraid(node) / LAYER / "boot").mkdir()
    (rootraid(node) / "boot").symlink_to(f"./{LAYER}/boot")
    place = rootraid(node) / "crash"
    (place / DUMP).mkdir(parents=True)
    (place / DUMP / "vmcore").write_bytes(b"memory")
    (place / "crash").symlink_to(f"./{LAYER}/var/crash")


def said(*links: tuple[str, str, str, str], options: str = "rw,noatime", upper: str = UPPER) -> bytes:
    rows = "".join("path\t" + "\t".join(link) + "\n" for link in links)
    return f"device=/dev/md127\nupper={upper}\nmount\t{POINT}\t/\t{options}\n{rows}".encode()


GOOD_BOOT = (f"{POINT}/boot", "symbolic link", f"./{LAYER}/boot", f"{UPPER}/boot")
DIRECTORY = (f"{POINT}/crash", "directory", "", f"{POINT}/crash")


def script(*links: tuple[str, str, str, str]) -> str:
    return plan("links.repair", sections={"rootraid": said(*(links or (GOOD_BOOT, DIRECTORY)))}).script


def target(link: Path) -> str:
    return os.readlink(link)  # noqa: PTH115 - a Path would lose the "./"


def is_mended(node: PretendNode) -> bool:
    link = rootraid(node) / "crash"
    return link.is_symlink() and target(link) == f"./{LAYER}/var/crash"


class TestPlan:
    def test_names_what_stands_there_and_what_will(self) -> None:
        action = plan("links.repair", sections={"rootraid": said(GOOD_BOOT, DIRECTORY)})
        assert action.changes == {f"{POINT}/crash": {"old": "is a directory", "new": f"-> ./{LAYER}/var/crash"}}

    def test_tells_how_many_dumps_move(self) -> None:
        dumps = f"shown={UPPER}/var/crash\nplace\t{POINT}/crash\t2\n".encode()
        action = plan("links.repair", sections={"rootraid": said(GOOD_BOOT, DIRECTORY), "dumps": dumps})
        assert action.comment.endswith("; first move 2 dumps from there to /run/shown")

    def test_of_both_links(self) -> None:
        action = plan("links.repair", sections={"rootraid": said()})
        assert list(action.changes) == [f"{POINT}/boot", f"{POINT}/crash"]

    def test_of_the_newer_line_is_one_link_one_level_down(self) -> None:
        config = f'KDUMP_SAVEDIR="file://{POINT}/var/crash"\n'.encode()
        sections = {"rootraid": said(), "packages": NEWER, "sysconfig.live": config}
        action = plan("links.repair", sections=sections)
        assert action.changes == {f"{POINT}/var/crash": {"old": "is not there", "new": f"-> ../{LAYER}/var/crash"}}

    @pytest.mark.parametrize(
        ("sections", "words"),
        [
            ({"rootraid": said(options="ro")}, "not mounted for writing"),
            ({"rootraid": said(upper="/tmp/x")}, "does not lead into ROOTRAID"),
            ({"rootraid": said(), "sysconfig.live": b'KDUMP_SAVEDIR="file:///var/crash"\n'}, "as the boot hook makes"),
            (
                {"rootraid": said(), "packages": NEWER, "sysconfig.live": b'KDUMP_SAVEDIR="file:///crash"\n'},
                "which is not /var/crash",
            ),
        ],
    )
    def test_refuses_where_no_link_could_be_right(self, sections: dict[str, bytes], words: str) -> None:
        with pytest.raises(RemedyError, match=words):
            plan("links.repair", sections=sections)


class TestScript:
    def test_dumps_in_a_directory_are_moved_and_the_link_is_made(self, node: PretendNode) -> None:
        assert node.run(script())["result"] == "mended"
        assert is_mended(node)
        assert (saved(node) / DUMP / "vmcore").read_bytes() == b"memory"
        assert {path.name for path in rootraid(node).iterdir()} == {"LiveOS", "boot", "crash"}

    def test_a_second_run_does_nothing(self, node: PretendNode) -> None:
        node.run(script())
        before = (rootraid(node) / "crash").lstat()
        assert node.run(script())["result"] == "mended"
        assert (rootraid(node) / "crash").lstat() == before

    def test_an_absolute_and_a_missing_link_are_made(self, node: PretendNode) -> None:
        (rootraid(node) / "boot").unlink()
        (rootraid(node) / "boot").symlink_to(f"{UPPER}/boot")
        absolute = (f"{POINT}/boot", "symbolic link", f"{UPPER}/boot", f"{UPPER}/boot")
        assert node.run(script(absolute, DIRECTORY))["result"] == "mended"
        assert target(rootraid(node) / "boot") == f"./{LAYER}/boot"
        assert is_mended(node)

    @pytest.mark.parametrize("name", ["notes.txt", ".hidden", "2026-01-02", "2026-99-02-03:04.tar"])
    def test_what_is_no_dump_is_left_where_it_is(self, node: PretendNode, name: str) -> None:
        (rootraid(node) / "crash" / name).write_text("precious")
        answer = node.run(script())
        assert answer["result"] == "failed"
        assert answer["comment"].startswith(f"{POINT}/crash/{name} is no dump: move it away by hand; nothing")
        assert (rootraid(node) / "crash" / DUMP / "vmcore").exists()
        assert (rootraid(node) / "crash/crash").is_symlink()

    def test_no_dump_takes_another_ones_place(self, node: PretendNode) -> None:
        (saved(node) / DUMP).mkdir()
        answer = node.run(script())
        assert answer["result"] == "failed"
        assert "have one name" in answer["comment"]
        assert (rootraid(node) / "crash" / DUMP / "vmcore").exists()
        assert not (saved(node) / DUMP / "vmcore").exists()

    def test_a_file_in_the_place_stays(self, node: PretendNode) -> None:
        boot = rootraid(node) / "boot"
        boot.unlink()
        boot.write_text("precious")
        answer = node.run(script((f"{POINT}/boot", "regular file", "", f"{POINT}/boot"), DIRECTORY))
        assert answer["result"] == "failed"
        assert boot.read_text() == "precious"
        assert not is_mended(node), "a refusal is of the whole plan"

    def test_killed_at_any_moment_no_dump_is_lost_and_the_next_run_ends_it(self, tmp_path: Path) -> None:
        for node, step in killed(tmp_path, script(), prepare):
            dumps = [*(rootraid(node)).glob(f"**/{DUMP}/vmcore")]
            assert len(dumps) == 1, f"killed before {step}"
            assert node.run(script())["result"] == "mended"
            assert is_mended(node)
            assert (saved(node) / DUMP / "vmcore").exists()
            assert {path.name for path in rootraid(node).iterdir()} == {"LiveOS", "boot", "crash"}

    def test_half_a_script_does_nothing(self, node: PretendNode) -> None:
        cut(node, script())
        assert (rootraid(node) / "crash" / DUMP / "vmcore").exists()
