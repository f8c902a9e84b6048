# SPDX-License-Identifier: Apache-2.0
"""What stands between a plan and a change: the lock, a fresh look, the journal, and a run that was killed before."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selftest.unit.pretend import INITRD, PretendNode
from selftest.unit.site import Site

from kdumpcheck.suite.journal import Journal, unfinished

RECOVER = (sys.executable, "-m", "pytest", "--hosts", "local://", "tests/recovery", "--apply", "-k", "rebuild")


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    """A node whose initrd is gone."""
    made = PretendNode(tmp_path / "node")
    (tmp_path / "mended").write_bytes(made.build_archives(tmp_path / "tree"))
    return made


def wait_for(what: Callable[[], object], why: str) -> None:
    given_up = time.monotonic() + 120
    while not what():
        assert time.monotonic() < given_up, why
        time.sleep(0.01)


def recover(node: PretendNode, *more: str) -> subprocess.CompletedProcess[str]:
    argv = node.command(*RECOVER, *more)
    return subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)


def start(node: PretendNode) -> subprocess.Popen[str]:
    argv = node.command(*RECOVER)
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def remedy(site: Site) -> dict[str, Any]:
    (found,) = [each for each in site.document()["remedies"] if each["name"] == "initrd.rebuild"]
    return dict(found)


def events(site: Site) -> list[tuple[str, str]]:
    lines = (site.path / "reports/latest/journal.jsonl").read_text().splitlines()
    return [(event["event"], event["remedy"]) for event in map(json.loads, lines)]


class TestLock:
    def test_it_is_held_while_a_repair_runs_and_given_back(self, site: Site, node: PretendNode) -> None:
        holder, lock = node.hold(), node.root / "run/kdumpcheck.lock"
        process = start(node)
        try:
            wait_for((node.root / "holding").exists, "the repair has not begun to build")
            assert "purpose=initrd.rebuild" in lock.read_text()
            second = recover(node)
            assert second.returncode == 1
            assert "not begun: guard.lock: the node is locked by " in remedy(site)["comment"]
        finally:
            holder.unlink()
            output, _ = process.communicate(timeout=600)
        assert "DONE  localhost: initrd.rebuild" in output
        assert node.calls.count("systemctl restart kdump.service") == 1
        assert not lock.exists()

    def test_anothers_keeps_us_off(self, site: Site, node: PretendNode) -> None:
        lock = node.root / "run/kdumpcheck.lock"
        lock.write_text("owner=eve@ncn-m002 (process 7)\ntoken=ncn-m002:7:1:x\nexpires=99999999999\n")
        done = recover(node)
        assert done.returncode == 1
        assert "the node is locked by eve@ncn-m002 (process 7)" in done.stdout
        assert remedy(site)["changes"] == {}
        assert node.calls == []
        assert "eve" in lock.read_text()

    def test_a_plan_takes_none(self, site: Site, node: PretendNode) -> None:
        argv = [word for word in RECOVER if word != "--apply"]
        subprocess.run(node.command(*argv), capture_output=True, timeout=600, check=False)
        assert not list((node.root / "run").iterdir())
        assert not (site.path / "reports/latest/journal.jsonl").exists()


class TestFreshLook:
    def test_what_got_well_by_itself_is_left_alone(self, site: Site, node: PretendNode, tmp_path: Path) -> None:
        """Between the plan and the yes, somebody else mends the node."""
        terminal, inside = pty.openpty()
        process = subprocess.Popen(node.command(*RECOVER), stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)
        said = bytearray()
        while b"[y/N]" not in said:
            said += os.read(terminal, 4096)
        node.initrd.write_bytes((tmp_path / "mended").read_bytes())
        os.write(terminal, b"y\n")
        try:
            while part := os.read(terminal, 4096):
                said += part
        except OSError:
            # So a terminal says that nobody is at its other end any more.
            pass
        os.close(terminal)
        process.wait(600)
        assert (remedy(site)["result"], remedy(site)["comment"]) == (True, "nothing to do: it is well by now")
        assert node.calls == []


class TestKilledController:
    def test_the_next_run_says_so_waits_for_the_repair_and_goes_on(self, site: Site, node: PretendNode) -> None:
        holder = node.hold()
        process = start(node)
        wait_for((node.root / "holding").exists, "the repair has not begun to build")
        pid = controller(process)
        os.kill(pid, signal.SIGKILL)
        process.communicate(timeout=600)
        assert events(site)[-1] == ("begun", "initrd.rebuild")
        lock = node.root / "run/kdumpcheck.lock"
        assert f"(process {pid})" in lock.read_text()
        second = start(node)
        # It has the lock of the dead, and waits: what the repair that still runs will leave is not known yet.
        wait_for(lambda: f"(process {pid})" not in (said(lock) or f"(process {pid})"), "the lock is not taken over")
        holder.unlink()
        output, _ = second.communicate(timeout=600)
        assert "note: a run was cut off while initrd.rebuild was at work on localhost" in output
        assert (remedy(site)["result"], remedy(site)["comment"]) == (True, "nothing to do: it is well by now")
        assert node.calls.count("systemctl restart kdump.service") == 1
        assert node.files == {INITRD}
        assert not lock.exists()
        third = recover(node)
        assert "a run was cut off" not in third.stdout


def said(file: Path) -> str:
    """What is in a file that may just be written anew."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def controller(process: subprocess.Popen[str]) -> int:
    """The pytest of a run: `unshare` and `sh` have become it."""
    command = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
    assert b"pytest" in command, command
    return process.pid


class TestJournal:
    def test_it_tells_what_was_begun_and_how_it_ended(self, site: Site, node: PretendNode) -> None:
        recover(node)
        assert events(site) == [("looked", ""), ("begun", "initrd.rebuild"), ("ended", "initrd.rebuild")]

    def test_only_what_is_in_the_middle_is_unfinished(self, tmp_path: Path) -> None:
        for run, event in (("20260101T000000Z", "begun"), ("20260102T000000Z", "ended")):
            (tmp_path / run).mkdir()
            Journal(tmp_path / run).write(event, "ncn-w001", "initrd.rebuild")
        Journal(tmp_path / "20260102T000000Z").write("begun", "ncn-w002", "node.reboot", "x\ny")
        (found,) = unfinished(tmp_path, ["ncn-w001", "ncn-w002", "ncn-w003"])
        assert (found.node, found.remedy, found.run) == ("ncn-w002", "node.reboot", "20260102T000000Z")
        assert unfinished(tmp_path, ["ncn-w001"]) == []
        assert unfinished(tmp_path / "absent", ["ncn-w001"]) == []

    @pytest.mark.parametrize("content", [b"", b"{", b"[]\n", b"\xff\xfe\n", b'{"event": "begun"}\n', b"[" * 100_000])
    def test_half_or_foreign_lines_are_passed_over(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "run").mkdir()
        Journal(tmp_path / "run").write("begun", "ncn-w001", "initrd.rebuild")
        with (tmp_path / "run/journal.jsonl").open("ab") as file:
            file.write(content)
        assert [found.node for found in unfinished(tmp_path, ["ncn-w001"])] == ["ncn-w001"]

    def test_what_cannot_be_written_down_is_not_begun(self, site: Site, node: PretendNode) -> None:
        reports = site.path / "given"
        (reports / "journal.jsonl").mkdir(parents=True)
        recover(node, "--report-dir", str(reports))
        (found,) = [each for each in site.document(reports)["remedies"] if each["name"] == "initrd.rebuild"]
        assert found["comment"] == "not begun: the journal cannot be written (Is a directory)"
        assert node.calls == []
