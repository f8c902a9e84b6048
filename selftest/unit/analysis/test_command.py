# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck analyze` on dumps and logs of this machine, and what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from selftest.unit.dumps.made import compressed

from kdumpcheck.analysis.collect import redacted
from kdumpcheck.cli import main

LOG = Path(__file__).parent / "logs" / "qlogic-qed.log"
HOSTILE = """[ 1.0] <script>alert(1)</script> \x1b[31mred\x1b[0m \u202eevil password=hunter2
[ 2.0] BUG: kernel NULL pointer dereference <img src=x onerror=alert(1)>
[ 2.1] CPU: 0 PID: 9 Comm: <b>\x1b[2J Kdump: loaded Not tainted 5.3.18-150300.59.87-default #1
[ 2.2] Hardware name: "><script>alert(2)</script>
[ 3.0] Kernel panic - not syncing: Fatal exception
"""


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    place = tmp_path / "2026-11-20-08:50"
    place.mkdir()
    (place / "vmcore").write_bytes(compressed(300))
    (place / "dmesg.txt").write_bytes(LOG.read_bytes())
    (place / "README.txt").write_text("Kernel crashdump\n")
    return place


def test_a_dump_says_why(dump: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(dump), "--no-crash"]) == 0
    said = capsys.readouterr().out
    assert "  BUG: kernel NULL pointer dereference, address: 0000000000004354\n" in said
    assert "known: the QLogic network driver failed (qed, qede) (qed_get_current_link+0x11 [qed])" in said
    assert "qed: the instruction that failed is in it, in qed_get_current_link" in said
    assert "kernel-default-debuginfo=" in said


def test_a_log_alone_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(LOG), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in told["known"]] == ["null-pointer", "qlogic-qed"]
    assert told["death"]["task"] == "sadc"
    assert any("log alone" in each for each in told["more"])


def test_a_log_that_does_not_say_why_is_no_success(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dmesg.txt").write_text("[ 1.0] all is well\n")
    assert main(["analyze", str(tmp_path / "dmesg.txt")]) == 1
    assert "the log does not say why" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["./nowhere"], "nowhere: No such file or directory"),
        (["./empty"], "there is no dump in it"),
        (["./empty", "2026"], "is on this machine: name the dump itself"),
        (["/dev/null"], "it is no regular file"),
        (["./pipe"], "it is no regular file"),
    ],
)
def test_nothing_to_look_at_is_one_line(
    tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert main(["analyze", *words]) == 4
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1


class Tags(HTMLParser):
    """All elements and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, tuple(name for name, _ in attrs)))


def test_what_a_dump_says_is_only_text_everywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, page = tmp_path / "dmesg.txt", tmp_path / "why.html"
    log.write_text(HOSTILE)
    assert main(["analyze", str(log), "--html", str(page)]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    tags = Tags()
    tags.feed(page.read_text())
    assert {tag for tag, _ in tags.seen}.isdisjoint({"script", "img", "b"})
    assert not any(name.startswith("on") for _, names in tags.seen for name in names)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page.read_text()


@pytest.mark.parametrize("end", [".tar.zst", ".tar.gz", ".tar"])
def test_a_bundle_is_the_same_twice_and_for_its_owner_alone(dump: Path, tmp_path: Path, end: str) -> None:
    one, two = tmp_path / "one" / f"b{end}", tmp_path / "two" / f"b{end}"
    for path in (one, two):
        path.parent.mkdir()
        assert main(["analyze", str(dump), "--no-crash", "--collect", str(path)]) == 0
    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_mode & 0o077 == 0
    names = subprocess.run(["tar", "tf", str(one)], capture_output=True, text=True, check=True).stdout.split()
    assert names == ["b/why.txt", "b/why.html", "b/why.json", "b/dmesg.txt", "b/README.txt"]
    assert [path.name for path in one.parent.iterdir()] == [one.name]


def test_the_vmcore_goes_along_only_when_asked(dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "b.tar"
    assert main(["analyze", str(dump), "--no-crash", "--collect", str(path), "--with-vmcore"]) == 0
    with tarfile.open(path) as archive:
        member = archive.extractfile("b/vmcore")
        assert member is not None
        assert member.read() == (dump / "vmcore").read_bytes()


def test_all_parts_of_the_vmcore_go_along(dump: Path, tmp_path: Path) -> None:
    (dump / "vmcore").unlink()
    for number, part in enumerate([(0, 7), (7, 16)], 1):
        (dump / f"vmcore{number}").write_bytes(compressed(16, split=part))
    path = tmp_path / "b.tar"
    assert main(["analyze", str(dump), "--no-crash", "--collect", str(path), "--with-vmcore"]) == 0
    with tarfile.open(path) as archive:
        assert {"b/vmcore1", "b/vmcore2"} <= set(archive.getnames())


@pytest.mark.parametrize(
    ("option", "name"), [("--collect", "b.zip"), ("--collect", "nowhere/b.tar"), ("--html", "nowhere/b.html")]
)
def test_what_cannot_be_written_is_one_line_below_the_report(
    dump: Path, tmp_path: Path, option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["analyze", str(dump), "--no-crash", option, str(tmp_path / name)]) == 4
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "What would tell more" in said.out, "what minutes were spent on is told all the same"
    assert not (tmp_path / name).exists()


def test_secrets_are_taken_out() -> None:
    raw = b'bss.token=abc root=live:https://u:p@host/x password: "a b" metal.server=http://x ok\n'
    assert redacted(raw) == (
        b"bss.token=(removed) root=live:https://(removed)@host/x password: (removed) metal.server=http://x ok\n"
    )
