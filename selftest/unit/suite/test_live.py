# SPDX-License-Identifier: Apache-2.0
"""Whole runs on a pretend node: look, keep, judge again, plan, repair, and what is left when something goes wrong."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selftest.net.ports import reserve
from selftest.unit.pretend import INITRD, PretendNode
from selftest.unit.site import Site, without_times

# One pytest in a process of its own, which sees this node as its own machine.
PYTEST = (sys.executable, "-m", "pytest", "--hosts", "local://")


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    made = PretendNode(tmp_path / "node")
    made.initrd.write_bytes(made.build_archives(tmp_path / "tree"))
    return made


def run(node: PretendNode, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = node.command(*PYTEST, *arguments)
    return subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)


def rebuild(site: Site) -> dict[str, Any]:
    """What the newest run says of the rebuild."""
    (found,) = [each for each in site.document()["remedies"] if each["name"] == "initrd.rebuild"]
    return dict(found)


class TestValidation:
    def test_replay_gives_what_the_live_run_gave(self, site: Site, node: PretendNode) -> None:
        done = run(node, "tests/validation", "--bundle", "kept")
        assert done.returncode == 1, done.stdout + done.stderr
        live = site.document()
        assert live["run"]["mode"] == "live"
        assert {each["outcome"] for each in live["results"]} == {"pass", "fail", "warn", "error", "skip"}
        assert [each["origin"] for each in live["nodes"]] == ["local://"]
        assert site.run("tests/validation", "--replay", "kept").ret == 1
        replayed = site.document()
        assert replayed["run"]["mode"] == "replay"
        assert without_times(replayed) == without_times(live)

    def test_a_bundle_holds_all_evidence_whatever_was_selected(self, site: Site, node: PretendNode) -> None:
        run(node, "tests/validation", "--bundle", "kept", "-k", "enabled")
        assert len(site.outcomes()) == 1
        site.run("tests/validation", "--replay", "kept")
        assert not [each for each in site.document()["results"] if "was not asked" in each["message"]]

    def test_a_bundle_is_for_its_owner_alone(self, site: Site, node: PretendNode) -> None:
        run(node, "tests/validation", "--bundle", "kept")
        assert (site.path / "kept").stat().st_mode & 0o777 == 0o700
        (file,) = (site.path / "kept").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600

    def test_it_changes_nothing_on_the_node(self, site: Site, node: PretendNode) -> None:
        run(node, "tests/validation")
        assert node.calls == []
        assert node.files == {INITRD}
        assert not list((node.root / "run").iterdir())


class TestRecovery:
    def test_a_healthy_node_is_left_alone(self, site: Site, node: PretendNode) -> None:
        done = run(node, "tests/recovery", "--apply", "-k", "rebuild or has_an_initrd")
        assert done.returncode == 0, done.stdout
        remedy = rebuild(site)
        assert (remedy["result"], remedy["changes"], remedy["comment"]) == (True, {}, "nothing to do")
        assert node.calls == []

    def test_without_apply_it_plans(self, site: Site, node: PretendNode) -> None:
        node.initrd.unlink()
        done = run(node, "tests/recovery", "-v")
        assert done.returncode == 1
        assert "WOULD CHANGE" in done.stdout
        assert f"PLAN  localhost: initrd.rebuild: would build a new /boot/{INITRD}" in done.stdout
        assert "Nothing was changed. Give --apply to do what is planned." in done.stdout
        remedy = rebuild(site)
        assert remedy["result"] is None
        assert remedy["changes"][f"/boot/{INITRD}"]["old"] == "absent"
        assert remedy["mends"] == ["initrd.present"]
        assert node.calls == []
        assert node.files == set()

    def test_with_apply_it_repairs_and_judges_again(self, site: Site, node: PretendNode) -> None:
        node.initrd.unlink()
        done = run(node, "tests/recovery", "--apply", "-k", "rebuild or has_an_initrd")
        assert done.returncode == 0, done.stdout
        assert "tests/recovery/test_initrd.py R" in done.stdout
        assert "tests/validation/test_initrd.py R" in done.stdout
        assert f"DONE  localhost: initrd.rebuild: rebuilt /boot/{INITRD} and loaded it" in done.stdout
        outcomes = site.outcomes()
        assert outcomes["localhost", "initrd.present"] == "recovered"
        remedy = rebuild(site)
        assert remedy["result"] is True
        assert node.files == {INITRD}
        assert site.document()["run"]["counts"]["recovered"] >= 1

    def test_a_repair_that_fails_fails_the_run_and_says_why(self, site: Site, node: PretendNode) -> None:
        node.initrd.write_bytes(b"garbage")
        node.does("mkdumprd", "fail")
        done = run(node, "tests/recovery", "--apply")
        assert done.returncode == 1
        assert "dracut: no space left on device" in done.stdout
        assert "1 repair failed" in done.stdout
        assert "Traceback" not in done.stdout
        remedy = rebuild(site)
        assert (remedy["result"], remedy["changes"]) == (False, {})
        assert "still broken: initrd.readable" in remedy["comment"]
        assert node.initrd.read_bytes() == b"garbage"
        assert site.outcomes()["localhost", "initrd.readable"] == "fail"

    def test_what_is_still_broken_after_a_repair_is_told(self, site: Site, node: PretendNode) -> None:
        os.utime(node.initrd, (1_000_000_000, 1_000_000_000))
        node.does("mkdumprd", "old")
        done = run(node, "tests/recovery", "--apply", "-k", "rebuild or newer_than_its_sources")
        assert done.returncode == 1
        remedy = rebuild(site)
        assert remedy["result"] is False
        assert remedy["changes"]
        assert "and loaded it; still broken: initrd.fresh" in remedy["comment"]
        assert site.outcomes()["localhost", "initrd.fresh"] == "warn"


class TestUnreachable:
    def test_a_closed_port_is_one_line_and_no_verdict(self, site: Site) -> None:
        port = reserve("127.0.0.1")
        result = site.run("tests/validation", "--hosts", f"ssh://root@127.0.0.1:{port}", "--deadline", "120")
        assert result.ret == 1
        assert set(site.outcomes().values()) == {"error"}
        assert len([line for line in result.outlines if line.startswith("ERROR 127.0.0.1: ")]) == 1
        result.stdout.fnmatch_lines(["VERDICT: 1 of 1 node could not be judged"])

    def test_it_costs_the_others_nothing(self, site: Site, node: PretendNode) -> None:
        port = reserve("127.0.0.1")
        hosts = f"local://,ssh://root@127.0.0.1:{port}"
        done = run(node, "tests/validation/test_crashkernel.py", "--hosts", hosts)
        assert done.returncode == 1
        words: dict[str, set[str]] = {}
        for (name, _), word in site.outcomes().items():
            words.setdefault(name, set()).add(word)
        # The pretend node has no kdumptool to ask for its advice.
        assert words == {"localhost": {"pass", "skip"}, "127.0.0.1": {"error"}}


class TestInterrupted:
    """Ctrl-C while nodes are looked at, or while a repair is waited for."""

    def stopped(self, argv: list[str], ready: Callable[[], object]) -> tuple[int, str, float]:
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        try:
            ready()
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            output, _ = process.communicate(timeout=600)
            return process.returncode, output, time.monotonic() - began
        finally:
            process.kill()

    def test_a_node_that_says_nothing_is_not_waited_for(self, site: Site) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(120)
            hosts = f"ssh://root@127.0.0.1:{server.getsockname()[1]}"
            argv = [sys.executable, "-m", "pytest", "tests/validation", "--hosts", hosts, "--deadline", "3000"]
            accepted: list[socket.socket] = []
            status, output, seconds = self.stopped(argv, lambda: accepted.append(server.accept()[0]))
        assert status == pytest.ExitCode.INTERRUPTED, output
        assert seconds < 300, "the deadline of the node is 3000 s"
        assert "VERDICT: the run was interrupted" in output
        assert "Traceback" not in output
        document = site.document()
        assert document["run"]["interrupted"] is True
        assert document["run"]["exit_status"] == 2
        assert (site.path / "reports/latest/junit.xml").exists()
        assert (site.path / "reports/latest/report.html").exists()
        page = (site.path / "reports/latest/index.html").read_text(encoding="utf-8")
        assert "This run was interrupted: nothing was judged before" in page

    def test_a_repair_goes_on_without_us(self, site: Site, node: PretendNode) -> None:
        node.initrd.write_bytes(b"garbage")
        holder = node.hold()
        argv = node.command(*PYTEST, "tests/recovery", "--apply", "--deadline", "3000")

        def building() -> None:
            given_up = time.monotonic() + 120
            while not (node.root / "holding").exists():
                assert time.monotonic() < given_up, "the repair has not begun to build"
                time.sleep(0.01)

        status, output, seconds = self.stopped(argv, building)
        assert status == pytest.ExitCode.INTERRUPTED, output
        assert seconds < 300
        assert site.document()["run"]["interrupted"] is True
        holder.unlink()


FULL = """
where=$1; shift
mkdir -p "$where" && mount -t tmpfs -o size=64k none "$where" || exit 99
cat /dev/zero >"$where/ballast" 2>/dev/null
exec "$@"
"""


class TestFullDisk:
    def run(self, site: Site, where: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        pytest_ = [sys.executable, "-m", "pytest", "tests/validation", *arguments]
        argv = ["unshare", "--mount", *user, "sh", "-c", FULL, "sh", str(site.path / where), *pytest_]
        return subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)

    def test_of_the_reports(self, site: Site) -> None:
        site.keep(w001="healthy", w002="healthy")
        done = self.run(site, "full", "--replay", "bundle", "--report-dir", "full")
        assert done.returncode == 1, done.stdout + done.stderr
        assert "VERDICT: all checks passed on 2 nodes" in done.stdout
        assert done.stdout.count("full: the report could not be written (No space left on device)") == 1
        assert "Traceback" not in done.stdout + done.stderr
        assert "INTERNALERROR" not in done.stdout + done.stderr

    def test_of_the_bundle(self, site: Site) -> None:
        done = self.run(site, "full", "--hosts", "local://", "--bundle", "full")
        assert done.returncode == 1
        assert "--bundle full: evidence could not be kept (No space left on device)" in done.stdout
        assert "VERDICT: " in done.stdout
        assert "INTERNALERROR" not in done.stdout + done.stderr
        assert site.document()["run"]["exit_status"] == 1
