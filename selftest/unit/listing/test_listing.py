# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck dumps` by kept evidence: what is listed of a node, for a person and for a program."""

from __future__ import annotations

import json
import os
import pty
import socket
import struct
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import pytest
from selftest.unit.dumps.made import CRASH_TIME, RELEASE, compressed, flattened
from selftest.unit.kept import framed, keep_case, keep_lost
from selftest.unit.kept import keep as keep_sections
from selftest.unit.site import ROOT

from kdumpcheck.cli import main
from kdumpcheck.evidence import load, save

VIEW = "/run/initramfs/overlayfs/LiveOS/overlay-SQFSRAID-1/var/crash"
LOST = "/run/initramfs/overlayfs/1.4.0/overlay-OLD/var/crash"
WHOLE = flattened(compressed())


def stretch(path: str, place: int, data: bytes) -> str:
    return f"bytes\t{path}\t{place}\t{data.hex()}\n"


def listed(path: str, data: bytes, readme: str = "vmcore status: saved successfully") -> tuple[str, str]:
    """What the probe says of a dump with such a vmcore: in its listing, and of its first look."""
    listing = f"dump\t{path}\nfile\t{path}/vmcore\t{len(data)}\nfile\t{path}/README.txt\t20\nreadme\t{path}\t{readme}\n"
    first = f"vmcore\t{path}/vmcore\t{len(data)}\t{CRASH_TIME}\n" + stretch(f"{path}/vmcore", 0, data[:512])
    first += stretch(f"{path}/vmcore", 4096, data[4096:9000]) + stretch(f"{path}/vmcore", len(data) - 32, data[-32:])
    return listing, first + f"last\t{path}\t[ 1.0] Kernel panic - not syncing: sysrq triggered crash\n"


def keep(directory: Path, node: str = "ncn-w001", *, dumps: int = 3, looked: bool = True) -> Path:
    """A node with dumps: the oldest cut short whatever README.txt says, and one that lies out of view."""
    listing, first = f"free=1\nblock=1\nshown={VIEW}\nplace\t{VIEW}\t{dumps}\nplace\t{LOST}\t1\n", ""
    for number in range(dumps):
        said = listed(f"{VIEW}/2026-11-2{number}-08-50", WHOLE if number else WHOLE[:-16])
        listing, first = listing + said[0], first + said[1]
    said = listed(f"{LOST}/2025-01-01-00-00", WHOLE)
    sections = {"dumps": (listing + said[0]).encode()}
    if looked:
        sections["dumps.vmcores"] = (first + said[1]).encode()
    keep_case(directory, node, "healthy", **sections)
    return directory


def said(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> tuple[int, str, str]:
    code = main(["dumps", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_each_dump_is_a_line_where_no_terminal_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "--replay", keep(tmp_path / "kept"))
    assert (code, err) == (1, "")
    head, *rows, last = out.splitlines()
    assert head.split() == ["NODE", "DUMP", "STATE", "SIZE", "KERNEL", "AGE", "KEPT", "WHY"]
    assert [line.split()[1:3] for line in rows] == [
        ["2026-11-22-08-50", "complete"],
        ["2026-11-21-08-50", "complete"],
        ["2026-11-20-08-50", "incomplete"],
        ["2025-01-01-00-00", "complete"],
    ]
    assert RELEASE in rows[0]
    assert rows[0].endswith("Kernel panic - not syncing: sysrq triggered crash")
    assert "the vmcore is incomplete, whatever README.txt says: it ends without the mark of its end" in rows[2]
    assert f"out of view, in {LOST}" in rows[3]
    assert last == "4 dumps on 1 node: 3 complete, 1 incomplete, 1 out of view"


def test_what_retention_deletes_and_when(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = "KDUMP_KEEP_OLD_DUMPS"
    for number, fates in [
        (5, ["for 5 more crashes", "for 4 more crashes", "for 3 more crashes", "for ever"]),
        (1, ["for 1 more crash", "until the next crash", "until the next crash", "for ever"]),
        (-1, ["until the next crash"] * 3 + ["for ever"]),
        (0, ["for ever"] * 4),
    ]:
        directory = tmp_path / str(number)
        keep(directory)
        changed = {"sysconfig.live": f'{kept}="{number}"\n'.encode()}
        again = keep_with(directory, changed)
        rows = said(capsys, "--replay", again)[1].splitlines()[1:5]
        for row, fate in zip(rows, fates, strict=True):
            assert f"  {fate}  " in row, (number, row)


@pytest.mark.parametrize(
    ("number", "fates"),
    [
        (0, ["for ever"] * 3),
        (1, ["until the next crash"] * 3),
        (2, ["for 1 more crash", "until the next crash", "until the next crash"]),
        (5, ["for 4 more crashes", "for 3 more crashes", "for 2 more crashes"]),
    ],
)
def test_what_kdump_tools_deletes_once_it_has_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int, fates: list[str]
) -> None:
    node = load(ROOT / "selftest/cases/kdump_tools/healthy.evidence.gz")
    sections = {name: output.data for name, output in node.outputs.items()}
    lines = ["free=1", "block=1", "layout=coredir", "shown=/var/crash", "place\t/var/crash\t3"]
    for day in (1, 2, 3):
        stamp = f"2026110{day}1200"
        lines += [f"dump\t/var/crash/{stamp}", f"file\t/var/crash/{stamp}/dump.{stamp}\t9"]
    sections["dumps"] = "\n".join([*lines, ""]).encode()
    sections["defaults"] += f"KDUMP_NUM_DUMPS={number}\n".encode()
    rows = said(capsys, "--replay", kept_only(tmp_path / "kept", sections))[1].splitlines()[1:4]
    for row, fate in zip(rows, fates, strict=True):
        assert f"  {fate}  " in row, row


def kept_only(directory: Path, sections: dict[str, bytes]) -> Path:
    """A node that answered this, and nothing of another one's."""
    keep_sections(directory, "ncn-w001", sections)
    return directory


def keep_with(directory: Path, changed: dict[str, bytes]) -> Path:
    """The same node with other sections."""
    file = directory / "ncn-w001.evidence.gz"
    sections = {name: output.data for name, output in load(file).outputs.items()}
    keep_case(directory, "ncn-w001", "healthy", **{**sections, **changed})
    return directory


def test_the_document_for_a_program(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "--json", "--replay", keep(tmp_path / "kept"))
    found = json.loads(out)
    assert (code, found["kdumpcheck-dumps"]) == (1, 1)
    (node,) = found["nodes"]
    assert (node["node"], node["failure"], node["retention_known"]) == ("ncn-w001", None, True)
    newest, *_, lost = node["dumps"]
    assert newest == {
        "name": "2026-11-22-08-50",
        "place": VIEW,
        "visible": True,
        "verdict": "complete",
        "problem": None,
        "looked": "first",
        "size": len(WHOLE) + 20,
        "release": RELEASE,
        "crash_time": CRASH_TIME,
        "panic": "Kernel panic - not syncing: sysrq triggered crash",
        "deleted_by_crash": 6,
        "files": ["vmcore"],
    }
    assert (lost["visible"], lost["place"], lost["deleted_by_crash"]) == (False, LOST, None)


def test_old_evidence_without_a_first_look_tells_nothing_bad(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(capsys, "--replay", keep(tmp_path / "kept", looked=False))
    assert code == 0
    assert "4 dumps on 1 node: 4 not told, 1 out of view" in out


def test_vmcores_that_were_not_looked_into_in_time_fail(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = keep(tmp_path, looked=False) / "ncn-w001.evidence.gz"
    kept = load(file)
    sections = {name: output.data for name, output in kept.outputs.items()}
    raw = framed({**sections, "dumps.vmcores": b""}).replace(
        b"limit 65536 exit 0 0 bytes", b"limit 65536 exit 124 0 bytes"
    )
    save(tmp_path, kept, raw)
    code, out, _ = said(capsys, "--replay", tmp_path)
    assert code == 1
    assert "ncn-w001: its vmcores were not looked into: 'dumps.vmcores' did not answer in time" in out


def test_a_node_that_was_not_looked_at_is_said_so_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_lost(tmp_path, "ncn-w002", "no route to host")
    code, out, _ = said(capsys, "--replay", tmp_path)
    assert code == 1
    assert out.splitlines() == ["ncn-w002: no route to host", "0 dumps on 0 nodes: not looked at: ncn-w002"]


def test_what_a_node_says_cannot_move_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = f"{VIEW}/2026-11-22-08-50\x1b[2J\u202e"
    listing, first = listed(evil, WHOLE[:-1], "vmcore status: \x1b]0;x\x07 bad")
    sections = {"dumps": f"shown={VIEW}\nplace\t{VIEW}\t1\n{listing}".encode(), "dumps.vmcores": first.encode()}
    keep_case(tmp_path, "ncn-w001", "healthy", **sections)
    _, out, _ = said(capsys, "--replay", tmp_path)
    assert all(line.isprintable() for line in out.splitlines())


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        ([], "no node was named"),
        (["--nodes", "ncn-w[", "--inventory", "/nonexistent"], "/nonexistent"),
        (["--replay", "/nonexistent"], "/nonexistent"),
        (["--replay", "{}", "--deep"], "--deep needs the nodes themselves"),
        (["--replay", "{}", "--nodes", "ncn-w009"], "ncn-w009"),
        (["--nodes", "ncn-w001", "--deadline", "0"], "--deadline 0"),
        (["--nodes", "ncn-w001", "--fanout", "0"], "--fanout 0"),
        (["--nodes", "ncn-w001", "--ask-password", "--password-file", "/x"], "give one of them"),
        (["--nodes", "ncn-w001", "--ssh-config", "/x"], "--ssh-config /x: No such file or directory"),
        (["--nodes", "ncn-w001", "--password-file", "/x"], "--password-file /x: No such file or directory"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], word: str
) -> None:
    keep(tmp_path / "kept")
    code, out, err = said(capsys, *(each.format(tmp_path / "kept") for each in argv))
    assert (code, out, len(err.splitlines())) == (4, "", 1)
    assert word in err


@pytest.mark.parametrize("columns", [20, 40, 80, 110, 300])
def test_it_fits_any_terminal(tmp_path: Path, columns: int) -> None:
    keep(tmp_path / "kept")
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    argv = [sys.executable, "-m", "kdumpcheck.cli", "dumps", "--replay", str(tmp_path / "kept")]
    environ = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(argv, stdout=theirs, stderr=theirs, env=environ)
        os.close(theirs)
        shown = b""
        while data := _read(screen.fileno()):
            shown += data
        assert process.wait(60) == 1
    lines = shown.decode().splitlines()
    assert max(map(len, lines)) <= columns
    assert "incomplete" in "".join(lines)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # the other side is closed
        return b""


def test_ctrl_c_ends_it_at_once_and_who_is_waited_for_is_shown(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        inventory = tmp_path / "nodes.yaml"
        address = f"{{address: 127.0.0.1, port: {mute.getsockname()[1]}}}"
        inventory.write_text(f"kdumpcheck-inventory: 1\nnodes:\n  ncn-w001: {address}\n")
        argv = ["dumps", "--nodes", "ncn-w001", "--inventory", str(inventory), "--deep"]
        process, screen = pty.fork()
        if process == 0:
            os.execve(sys.executable, [sys.executable, "-m", "kdumpcheck.cli", *argv], {**os.environ, "TERM": "xterm"})
        shown = b""
        while b"looking at nodes: 0 of 1" not in shown:
            data = _read(screen)
            assert data, shown
            shown += data
        os.write(screen, b"\x03")
        while data := _read(screen):
            shown += data
        os.close(screen)
        assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 2
    assert b"kdumpcheck: interrupted" in shown
    assert b"Traceback" not in shown
