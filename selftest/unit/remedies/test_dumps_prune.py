# SPDX-License-Identifier: Apache-2.0
"""Removing old dumps on a pretend node: the oldest, no more than needed, and never the newest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from selftest.unit.pretend import PretendNode
from selftest.unit.remedies.planned import cut, killed, plan

from kdumpcheck.providers import PROVIDERS, suse_legacy
from kdumpcheck.remedies import Action, RemedyError

#: More than any disk of this machine, so that the script never finds that there is room.
HUGE = 2**60
NAMES = [f"2026-01-0{day}-03:04" for day in range(1, 6)]
PLACE = "/run/initramfs/overlayfs/LiveOS/overlay-x/var/crash"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a node that shows its dumps where this test may write."""
    provider = suse_legacy.PROVIDER
    saving = replace(provider.saving, place=replace(provider.saving.place, view="/run/crash"))
    monkeypatch.setitem(PROVIDERS, provider.name, replace(provider, saving=saving))


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    node = PretendNode(tmp_path / "node")
    prepare(node)
    return node


def prepare(node: PretendNode) -> None:
    for name in NAMES:
        (node.root / "run/crash" / name).mkdir(parents=True)
        (node.root / "run/crash" / name / "vmcore").write_bytes(b"memory")


def left(node: PretendNode) -> list[str]:
    return sorted(path.name for path in (node.root / "run/crash").iterdir())


def planned(free: int = 0, keep: int = 0, count: int | None = None, need: int = HUGE, inodes: str = "0") -> Action:
    """What is planned when each of the dumps has `HUGE` bytes, and a new one needs `need`."""
    rows = [f"dump\t{PLACE}/{name}\nfile\t{PLACE}/{name}/vmcore\t{HUGE}" for name in NAMES]
    memory = need * 5 * 64 // 65 // 1024
    head = f"free={free}\nblock=1\ninodes={inodes}\ninodes_free=0\nmem.MemTotal={memory}\nmem.MemFree=0"
    dumps = "\n".join([head, f"shown={PLACE}", f"place\t{PLACE}\t{count or len(NAMES)}", *rows, ""])
    config = f'KDUMP_SAVEDIR="file:///crash"\nKDUMP_KEEP_OLD_DUMPS="{keep}"\n'
    return plan("dumps.prune", sections={"dumps": dumps.encode(), "sysconfig.live": config.encode()})


def gone(action: Action) -> list[str]:
    return [path.removeprefix("/run/crash/") for path in action.changes]


class TestPlan:
    def test_is_the_oldest_and_no_more_than_needed(self) -> None:
        assert gone(planned(free=HUGE // 2)) == NAMES[:1]
        assert gone(planned()) == NAMES[:2]
        assert gone(planned(need=3 * HUGE)) == NAMES[:4]

    def test_counts_what_kdump_will_delete_itself(self) -> None:
        # It keeps two: of the five there are, it deletes the oldest three anyhow, so that a fourth must go for more.
        assert gone(planned(keep=2, need=3 * HUGE)) == NAMES[:4]

    def test_never_has_the_newest_in_it(self) -> None:
        with pytest.raises(RemedyError, match="all 4 dumps but the newest would not make room"):
            planned(need=5 * HUGE)

    def test_refuses_where_it_does_not_know_the_oldest(self) -> None:
        with pytest.raises(RemedyError, match="more than 5 dumps"):
            planned(count=51)

    def test_makes_room_for_files_as_well(self) -> None:
        assert gone(planned(free=9 * HUGE, inodes="100")) == NAMES[:4]


class TestScript:
    def test_it_removes_what_was_planned(self, node: PretendNode) -> None:
        answer = node.run(planned().script)
        assert (answer["result"], answer["comment"]) == ("mended", "removed 2 of the oldest dumps in /run/crash")
        assert left(node) == NAMES[2:]

    def test_it_stops_when_there_is_room(self, node: PretendNode) -> None:
        script = planned().script.replace(f"bytes={2**60}", "bytes=1")
        script = "\n".join("bytes=1" if line.startswith("bytes=") else line for line in script.splitlines()) + "\n"
        assert node.run(script)["comment"] == "removed 0 of the oldest dumps in /run/crash"
        assert left(node) == NAMES

    def test_the_newest_stays_whatever_was_planned(self, node: PretendNode) -> None:
        for name in NAMES[1:]:
            (node.root / "run/crash" / name / "vmcore").unlink()
            (node.root / "run/crash" / name).rmdir()
        answer = node.run(planned().script)
        assert answer["result"] == "failed"
        assert left(node) == NAMES[:1]

    def test_a_link_is_no_dump(self, node: PretendNode) -> None:
        precious = node.root / "precious"
        precious.mkdir()
        oldest = node.root / "run/crash" / NAMES[0]
        (oldest / "vmcore").unlink()
        oldest.rmdir()
        oldest.symlink_to(precious)
        node.run(planned().script)
        assert precious.is_dir()
        assert oldest.is_symlink()

    def test_killed_at_any_moment_the_next_run_removes_no_more(self, tmp_path: Path) -> None:
        for node, step in killed(tmp_path, planned().script, prepare):
            assert set(left(node)) >= set(NAMES[2:]), f"killed before {step}"
            assert node.run(planned().script)["result"] == "mended"
            assert left(node) == NAMES[2:]

    def test_half_a_script_does_nothing(self, node: PretendNode) -> None:
        cut(node, planned().script)
        assert left(node) == NAMES
