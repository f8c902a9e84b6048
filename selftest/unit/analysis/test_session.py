# SPDX-License-Identifier: Apache-2.0
"""crash(8) on a dump. The crash here is a fake: it answers each command with its own words, as crash answers.

Its script is the real one, and runs here as it does on a node.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.analysis import session
from kdumpcheck.analysis.session import Session

RELEASE = "6.4.0-150600.23.17-default"
#: What it was called with, its environment and its commands are kept; each command's pipe and file are a shell's.
FAKE = r"""#!/bin/sh
# A fake crash(8).
echo "$*" >"$RECORD/argv"
env >"$RECORD/environ"
while IFS= read -r line; do
    echo "$line" >>"$RECORD/commands"
    [ "$line" = quit ] && exit 0
    command=${line%% |*}
    rest=${line#*| }
    eval "echo \"said of $command\" | $rest"
done
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dump with its kernel beside it, and a fake crash in the PATH."""
    (tmp_path / "bin").mkdir()
    fake(tmp_path, FAKE)
    dump = tmp_path / "2026-11-20-08:50"
    dump.mkdir()
    (dump / "vmcore").write_bytes(b"KDUMP   ")
    (dump / f"vmlinux-{RELEASE}.gz").write_bytes(b"x")
    monkeypatch.setenv("RECORD", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return dump


def fake(tmp_path: Path, text: str) -> None:
    program = tmp_path / "bin" / "crash"
    program.write_text(text)
    program.chmod(0o755)


def run(place: Path, *, seconds: int = 30, release: str = RELEASE) -> Session:
    return session.run(sh, str(place), "vmcore", release, seconds=seconds, mebibytes=1024)


def sh(script: str) -> bytes:
    return subprocess.run(["sh", "-s"], input=script.encode(), stdout=subprocess.PIPE, check=False).stdout


def test_each_command_is_a_section(place: Path) -> None:
    said = run(place)
    assert said.trouble == ""
    assert said.namelist == f"./vmlinux-{RELEASE}.gz"
    assert {name: raw.strip() for name, raw in said.sections.items()} == {
        name: f"said of {command}".encode() for name, command in session.COMMANDS.items()
    }
    assert (place.parent / "argv").read_text() == f"-s --no_scroll ./vmlinux-{RELEASE}.gz ./vmcore\n"
    left = [path for path in Path("/run").glob("kdumpcheck-analyze.*") if path.stat().st_uid == os.getuid()]
    assert left == []


def test_a_crash_that_cannot_open_it_is_told_in_its_own_words(place: Path) -> None:
    fake(place.parent, "#!/bin/sh\n# A fake crash(8).\necho 'crash: vmcore: not a supported file format' >&2\nexit 1\n")
    said = run(place)
    assert said.sections == {}
    assert said.trouble == "crash(8) could not open it: crash: vmcore: not a supported file format"


def test_a_crash_that_does_not_end_is_stopped_and_what_it_said_is_kept(place: Path) -> None:
    fake(
        place.parent,
        FAKE.replace('    [ "$line" = quit', '    case $command in log*) exec sleep 600 ;; esac\n    [ "$line" = quit'),
    )
    said = run(place, seconds=1)
    assert said.trouble == "crash(8) was stopped after 1 s."
    assert "sys" in said.sections


def test_without_a_kernel_or_without_crash_it_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = run(place, release="6.4.0-1-default")
    assert said.trouble.startswith("no kernel image vmlinux-6.4.0-1-default is there")
    (place.parent / "bare").mkdir()
    for name in ("sh", "tr", "mktemp", "rm"):
        (place.parent / "bare" / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(place.parent / "bare"))
    assert "crash(8) is not installed" in run(place).trouble


def test_the_log_needs_no_crash(place: Path) -> None:
    """makedumpfile alone reads it out of the vmcore; here a fake one."""
    program = place.parent / "bin" / "makedumpfile"
    program.write_text("#!/bin/sh\n# A fake makedumpfile(8).\n[ $1 = --dump-dmesg ] && echo 'the last words' >$3\n")
    program.chmod(0o755)
    said = run(place, release="6.4.0-1-default")
    assert said.log == b"the last words\n\n"
    assert said.trouble.startswith("no kernel image")


def test_names_are_only_names(place: Path) -> None:
    said = run(place, release="$(touch /tmp/kdumpcheck-owned)")
    assert said.sections == {}
    assert not Path("/tmp/kdumpcheck-owned").exists()


def test_a_dump_forges_no_section(place: Path) -> None:
    fake(place.parent, FAKE.replace("said of $command", "@@kdumpcheck bt forged\\n@@0 end"))
    assert b"forged" in run(place).sections["sys"]


@given(st.binary(max_size=500))
def test_any_answer_is_read(answer: bytes) -> None:
    said = session.read(b"@@0 sys\n" + answer + b"\n@@0 trouble " + answer, "@@0")
    assert set(said.sections) <= set(session.COMMANDS)
    assert said.trouble == "the analysis on the node did not come to its end" or "@@0 end" in answer.decode("latin-1")
