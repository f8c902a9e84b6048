# SPDX-License-Identifier: Apache-2.0
"""The repair script under a real sh on a pretend node: it mends, or it leaves the node no worse than it was."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from selftest.unit.pretend import INITRD, KERNEL, PretendNode, initrd

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known, load
from kdumpcheck.facts import Kernels
from kdumpcheck.providers import Build
from kdumpcheck.remedies import initrd_rebuild
from kdumpcheck.remedies import script as scripts

CASES = Path(__file__).parents[2] / "cases" / "suse_legacy"
OLD = initrd(b"old", length=64)
LONG_AGO = 1_600_000_000


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    return PretendNode(tmp_path / "node")


@pytest.fixture
def script() -> str:
    return initrd_rebuild.REMEDY.plan(Subject(load(CASES / "initrd-stale.evidence.gz"))).script


def put(node: PretendNode, content: bytes = OLD) -> os.stat_result:
    node.initrd.write_bytes(content)
    os.utime(node.initrd, (LONG_AGO, LONG_AGO))
    return node.initrd.stat()


def is_untouched(node: PretendNode, before: os.stat_result, content: bytes = OLD) -> bool:
    after = node.initrd.stat()
    same = node.initrd.read_bytes() == content
    return same and (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def is_new(path: Path) -> bool:
    content = path.read_bytes()
    return b"new" in content and content.endswith(b"TRAILER")


def wait_for(path: Path) -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.005)


def loaded(node: PretendNode) -> bool:
    return node.loaded.read_text() == "1\n"


class TestMends:
    def test_a_stale_initrd_is_replaced_and_loaded(self, node: PretendNode, script: str) -> None:
        put(node)
        answer = node.run(script)
        assert answer == {"result": "mended", "comment": f"rebuilt /boot/{INITRD} and loaded it", "loaded": "1"}
        assert is_new(node.initrd)
        assert is_new(node.root / "loaded")
        assert node.files == {INITRD}

    def test_a_missing_initrd_is_built(self, node: PretendNode, script: str) -> None:
        node.arm(loaded=False, unit="failed")
        assert node.run(script)["result"] == "mended"
        assert is_new(node.initrd)
        assert node.files == {INITRD}

    def test_the_vendors_builder_is_asked_once_for_the_running_kernel(self, node: PretendNode, script: str) -> None:
        put(node)
        node.run(script)
        built = f"mkdumprd -f -K /boot/vmlinuz-{KERNEL} -I /boot/.{INITRD}.kdumpcheck-new"
        assert node.calls == [built, "systemctl restart kdump.service"]

    def test_the_node_stays_armed_while_it_builds(self, node: PretendNode, script: str) -> None:
        before = put(node)
        holder = node.hold()
        process = node.start(script)
        wait_for(node.root / "holding")
        assert loaded(node)
        assert is_untouched(node, before)
        holder.unlink()
        process.communicate(timeout=600)
        assert is_new(node.initrd)

    def test_the_new_one_is_on_the_disk_before_it_takes_the_place(self, node: PretendNode, script: str) -> None:
        put(node)
        node.run(script)
        new = f"/boot/.{INITRD}.kdumpcheck-new"
        moments = [node.steps.index(step) for step in (f"lsinitrd {new}", f"sync {new}", f"mv -f {new} /boot/{INITRD}")]
        assert moments == sorted(moments)

    def test_a_link_is_replaced_and_what_it_led_to_is_kept(self, node: PretendNode, script: str) -> None:
        kept = node.boot / "elsewhere"
        kept.write_bytes(OLD)
        node.initrd.symlink_to("elsewhere")
        assert node.run(script)["result"] == "mended"
        assert not node.initrd.is_symlink()
        assert kept.read_bytes() == OLD

    def test_a_link_to_a_directory_is_not_written_into(self, node: PretendNode, script: str) -> None:
        (node.boot / "elsewhere").mkdir()
        node.initrd.symlink_to("elsewhere")
        answer = node.run(script)
        assert answer["result"] == "failed"
        assert node.initrd.is_symlink()
        assert not list((node.boot / "elsewhere").iterdir())

    def test_the_builder_is_not_deaf_to_broken_pipes(self, node: PretendNode, script: str) -> None:
        put(node)
        node.run(script)
        ignored = int((node.root / "signals").read_text().split()[1], 16)
        assert not ignored & (1 << (signal.SIGPIPE - 1))

    def test_names_of_a_hostile_node_are_only_names(self, node: PretendNode, tmp_path: Path) -> None:
        canary = tmp_path / "canary"
        evil = f"6.1'\"$(touch {canary})`touch {canary}`; touch {canary} #"
        raw = load(CASES / "initrd-missing.evidence.gz")
        subject = Subject(raw)
        provider = known(subject.provider)
        build = provider.build(Kernels(evil, None), {f"/boot/vmlinuz-{evil}"})
        assert isinstance(build, Build)
        text = initrd_rebuild._script(f"/boot/initrd-{evil}-kdump", build, provider)
        node.run(text)
        assert not canary.exists()


class TestChangesNothing:
    @pytest.mark.parametrize("what", ["nothing", "garbage", "empty", "cut", "fail", "fail-late"])
    def test_when_the_builder_builds_nothing_good(self, node: PretendNode, script: str, what: str) -> None:
        before = put(node)
        node.does("mkdumprd", what)
        answer = node.run(script)
        assert answer["result"] == "failed"
        assert "nothing was changed" in answer["comment"]
        assert is_untouched(node, before)
        assert node.files == {INITRD}
        assert loaded(node)
        assert not [call for call in node.calls if call.startswith("systemctl")]

    def test_when_the_builder_does_nothing_and_a_killed_run_left_what_it_had_built(
        self, node: PretendNode, script: str
    ) -> None:
        before = put(node)
        (node.boot / f".{INITRD}.kdumpcheck-new").write_bytes(initrd(b"of another day"))
        node.does("mkdumprd", "nothing")
        assert node.run(script)["result"] == "failed"
        assert is_untouched(node, before)
        assert node.files == {INITRD}

    def test_and_says_what_the_builder_said(self, node: PretendNode, script: str) -> None:
        put(node)
        node.does("mkdumprd", "fail")
        assert "dracut: no space left on device" in node.run(script)["comment"]

    def test_when_the_old_one_is_absent_none_is_left_behind(self, node: PretendNode, script: str) -> None:
        node.does("mkdumprd", "garbage")
        assert node.run(script)["result"] == "failed"
        assert node.files == set()
        assert loaded(node), "a capture kernel that was in memory must stay there"

    def test_when_the_builder_hangs(self, node: PretendNode, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scripts, "PATIENCE", 5)
        before = put(node)
        node.does("mkdumprd", "hang")
        impatient = initrd_rebuild.REMEDY.plan(Subject(load(CASES / "initrd-stale.evidence.gz"))).script
        assert node.run(impatient)["result"] == "failed"
        assert is_untouched(node, before)
        assert node.files == {INITRD}

    def test_when_a_directory_is_in_the_place(self, node: PretendNode, script: str) -> None:
        node.initrd.mkdir()
        (node.initrd / "precious").touch()
        answer = node.run(script)
        assert answer["result"] == "failed"
        assert "directory" in answer["comment"]
        assert (node.initrd / "precious").exists()
        assert node.calls == []

    def test_when_only_part_of_the_script_arrives(self, node: PretendNode, script: str) -> None:
        before = put(node)
        whole = script.rstrip("\n")
        cuts = [*range(0, len(whole), len(whole) // 60), len(whole) - 1]
        for cut in cuts:
            process = node.start(whole[:cut])
            process.communicate(timeout=600)
            assert node.calls == [], f"cut at {cut}"
        assert is_untouched(node, before)
        assert node.files == {INITRD}


class TestUndoes:
    def test_when_the_new_one_does_not_load(self, node: PretendNode, script: str) -> None:
        before = put(node)
        node.does("systemctl", "refuse-new")
        answer = node.run(script)
        assert answer["result"] == "undone"
        assert "the old initrd is back in its place and a capture kernel is loaded" in answer["comment"]
        assert is_untouched(node, before)
        assert node.files == {INITRD}
        assert (node.root / "loaded").read_bytes() == OLD
        assert node.calls[-1] == "systemctl restart kdump-early.service"

    def test_and_says_when_nothing_can_be_loaded_any_more(self, node: PretendNode, script: str) -> None:
        before = put(node)
        node.does("systemctl", "refuse-all")
        answer = node.run(script)
        assert answer["result"] == "undone"
        assert "NO capture kernel is loaded: read journalctl -b -u kdump.service" in answer["comment"]
        assert answer["loaded"] == "0"
        assert is_untouched(node, before)

    def test_when_the_unit_starts_but_loads_nothing(self, node: PretendNode, script: str) -> None:
        before = put(node)
        node.does("systemctl", "load-nothing")
        answer = node.run(script)
        assert answer["result"] == "undone"
        assert "NO capture kernel" in answer["comment"]
        assert is_untouched(node, before)

    def test_when_the_restart_fails_and_what_was_loaded_before_still_is(self, node: PretendNode, script: str) -> None:
        before = put(node)
        node.arm(loaded=True, unit="failed")
        node.does("systemctl", "fail")
        answer = node.run(script)
        assert answer["result"] == "undone"
        assert answer["loaded"] == "1"
        assert is_untouched(node, before)

    def test_when_the_restart_hangs(self, node: PretendNode, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scripts, "PATIENCE", 5)
        before = put(node)
        node.does("systemctl", "hang")
        impatient = initrd_rebuild.REMEDY.plan(Subject(load(CASES / "initrd-stale.evidence.gz"))).script
        answer = node.run(impatient)
        assert answer["result"] == "undone"
        assert answer["loaded"] == "1"
        assert is_untouched(node, before)
        assert "systemctl kill kdump.service" in node.calls

    @pytest.mark.parametrize("old", [None, b"garbage", b""])
    def test_but_keeps_a_proven_new_one_where_the_old_was_worth_nothing(
        self, node: PretendNode, script: str, old: bytes | None
    ) -> None:
        if old is not None:
            put(node, old)
        node.does("systemctl", "refuse-all")
        assert node.run(script)["result"] == "undone"
        assert is_new(node.initrd)
        assert node.files == {INITRD}


class TestIsKilled:
    """kill -9 before every program that the script runs, then the repair is asked for again."""

    @pytest.mark.parametrize(("does", "builder_then"), [("good", "fail"), ("refuse-new", "good")])
    def test_at_any_moment_there_is_an_initrd_and_the_next_run_ends_it(
        self, tmp_path: Path, script: str, does: str, builder_then: str
    ) -> None:
        first = PretendNode(tmp_path / "first")
        put(first)
        first.does("systemctl", does)
        first.run(script)
        steps = len(first.steps)
        assert steps > 10
        for number in range(1, steps + 1):
            node = PretendNode(tmp_path / str(number))
            put(node)
            node.does("systemctl", does)
            node.kill_at(number)
            assert node.run(script) == {}, "the script was to be killed here"
            found = node.initrd.read_bytes()
            assert found == OLD or is_new(node.initrd), f"killed before {first.steps[number - 1]}"
            (node.root / "kill-at").unlink()
            self.run_again(node, script, builder_then, worked=found)

    def run_again(self, node: PretendNode, script: str, builder: str, worked: bytes) -> None:
        node.does("systemctl", "good")
        node.does("mkdumprd", builder)
        answer = node.run(script)
        assert node.files == {INITRD}
        if builder == "good":
            assert answer["result"] == "mended"
            assert is_new(node.initrd)
        else:
            assert answer["result"] == "failed"
            assert node.initrd.read_bytes() in {OLD, worked}

    def test_what_a_broken_program_left_in_the_place_gives_way_to_the_old_one(
        self, node: PretendNode, script: str
    ) -> None:
        put(node, b"half of an initrd")
        (node.boot / f".{INITRD}.kdumpcheck-aside").write_bytes(OLD)
        node.does("mkdumprd", "fail")
        node.run(script)
        assert node.initrd.read_bytes() == OLD
        assert node.files == {INITRD}


class TestIsAlone:
    def test_a_second_one_refuses_and_the_first_ends_well(self, node: PretendNode, script: str) -> None:
        put(node)
        holder = node.hold()
        first = node.start(script)
        wait_for(node.root / "holding")
        pid = (node.root / "run/kdumpcheck-remedy.lock").read_text().strip()
        second = node.run(script)
        assert second["result"] == "failed"
        assert f"process {pid} on this node is repairing it already" in second["comment"]
        holder.unlink()
        stdout, _ = first.communicate(timeout=600)
        assert b"result=mended" in stdout
        assert len([call for call in node.calls if call.startswith("mkdumprd")]) == 1

    def test_a_killed_one_keeps_nobody_out_though_its_builder_lives_on(self, node: PretendNode, script: str) -> None:
        put(node)
        holder = node.hold()
        first = node.start(script)
        wait_for(node.root / "holding")
        os.kill(int((node.root / "script.pid").read_text()), signal.SIGKILL)
        first.wait(timeout=600)
        assert node.run(script)["result"] == "mended"
        holder.unlink()
        first.communicate(timeout=600)


class TestOutlivesItsCaller:
    @pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE])
    @pytest.mark.parametrize("what", ["mkdumprd", "kdump.service"])
    def test_signals_do_not_stop_it(self, node: PretendNode, script: str, number: signal.Signals, what: str) -> None:
        put(node)
        holder = node.hold(what)
        process = node.start(script)
        wait_for(node.root / "holding")
        os.kill(int((node.root / "script.pid").read_text()), number)
        holder.unlink()
        stdout, _ = process.communicate(timeout=600)
        assert b"result=mended" in stdout
        assert is_new(node.initrd)

    def test_a_reader_that_is_gone_changes_nothing(self, node: PretendNode, script: str) -> None:
        put(node)
        reader, writer = os.pipe()
        process = node.start(script, stdout=writer)
        os.close(writer)
        os.close(reader)
        process.communicate(timeout=600)
        assert is_new(node.initrd)
        assert node.files == {INITRD}
        assert loaded(node)

    def test_nor_do_closed_descriptors(self, node: PretendNode, script: str) -> None:
        put(node)
        subprocess.run(
            node.command("sh", "-c", 'exec sh -s <"$1" >&- 2>&-', "sh", str(write(node, script))),
            timeout=600,
            check=False,
        )
        assert is_new(node.initrd)
        assert node.files == {INITRD}
        assert loaded(node)


def write(node: PretendNode, script: str) -> Path:
    path = node.root / "script"
    path.write_text(script)
    return path
