# SPDX-License-Identifier: Apache-2.0
"""crash(8) or drgn on a dump. Both are fakes here: crash answers each command with its own words, as crash answers.

The script is the real one, and runs here as it does on a node. With real ones: `make analysis`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.analysis import session
from kdumpcheck.analysis.death import read_death
from kdumpcheck.analysis.session import Asked, Session

RELEASE = "6.4.0-150600.23.17-default"
#: What it was called with, its environment and its commands are kept; each command's pipe and file are a shell's.
FAKE = r"""#!/bin/sh
# A fake crash(8).
[ "$1" = --version ] && { printf '\ncrash 8.0.2\nCopyright\n'; exit 0; }
echo "$*" >"$RECORD/argv"
pwd >"$RECORD/place"
env >"$RECORD/environ"
while IFS= read -r line; do
    echo "$line" >>"$RECORD/commands"
    [ "$line" = quit ] && exit 0
    command=${line%% |*}
    rest=${line#*| }
    eval "echo \"said of $command\" | $rest"
done
"""


#: All that the script may need but what it is for, which this machine may have, too.
TOOLS = [
    "sh",
    "bash",
    "cat",
    "cp",
    "cut",
    "date",
    "df",
    "env",
    "grep",
    "head",
    "ln",
    "mkdir",
    "mktemp",
    "rm",
    "sleep",
    "stat",
    "tail",
    "timeout",
    "touch",
    "tr",
    "wc",
]
FAKE_DRGN = """#!/bin/sh
# A fake drgn, which reads no flattened file, as its old versions.
[ "$1" = --version ] && { echo 'drgn 0.0.22 (using Python 3.11)'; exit 0; }
echo "$*" >"$RECORD/drgn"
env >"$RECORD/environ"
for word; do case $word in ./dump/* | */plain) file=$word ;; esac; done
grep -q ^makedumpfile "$file" && { echo 'error: not an ELF core file' >&2; exit 1; }
grep -q '^def tell' script.py && for name in sys log bt; do echo "drgn on $name" >$name; done
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
    (tmp_path / "tools").mkdir()
    for name in TOOLS:
        (tmp_path / "tools" / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{tmp_path / 'tools'}")
    return dump


def fake(tmp_path: Path, text: str, name: str = "crash") -> None:
    program = tmp_path / "bin" / name
    program.write_text(text)
    program.chmod(0o755)


def run(place: Path, *, seconds: int = 30, release: str = RELEASE) -> Session:
    return session.run(sh, Asked(str(place), ("vmcore",), release, seconds, mebibytes=1024))


def sh(script: str) -> bytes:
    return subprocess.run(["sh", "-s"], input=script.encode(), stdout=subprocess.PIPE, check=False).stdout


def test_each_command_is_a_section(place: Path) -> None:
    said = run(place)
    assert said.trouble == ""
    assert said.namelist == f"{place}/vmlinux-{RELEASE}.gz"
    assert said.version == "crash 8.0.2"
    assert {name: raw.strip() for name, raw in said.sections.items()} == {
        name: f"said of {command}".encode() for name, command in session.COMMANDS.items()
    }
    words = f"-s --no_scroll --no_crashrc ./vmlinux-{RELEASE}.gz ./dump/vmcore\n"
    assert (place.parent / "argv").read_text() == words
    assert left(place) == set()


def test_crash_runs_apart_from_the_dump(place: Path) -> None:
    """Of where it runs it would obey a .crashrc, and a core that it leaves there is all memory of the node."""
    run(place)
    environ = dict(line.split("=", 1) for line in (place.parent / "environ").read_text().splitlines() if "=" in line)
    there = (place.parent / "place").read_text().strip()
    assert there == environ["HOME"]
    assert environ["TMPDIR"].startswith("/var/tmp/kdumpcheck-analyze.")
    assert not Path(there).exists()
    assert sorted(path.name for path in place.iterdir()) == ["vmcore", f"vmlinux-{RELEASE}.gz"]


def test_all_parts_of_a_split_dump_are_given(place: Path) -> None:
    asked = Asked(str(place), ("vmcore1", "vmcore2"), RELEASE, 30, mebibytes=1024)
    session.run(sh, asked)
    assert (place.parent / "argv").read_text().endswith(" ./dump/vmcore1 ./dump/vmcore2\n")


def left(place: Path) -> set[str]:
    """What is still there of this session's own directories; others run at the same time."""
    told = [path for name in ("environ", "makedumpfile") if (path := place.parent / name).exists()]
    own = {found[0] for path in told for found in re.finditer(r"/[a-z/]+/kdumpcheck-analyze\.\w+", path.read_text())}
    assert own
    return {path for path in own if Path(path).exists()}


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
    said = run(place, seconds=5)
    assert said.trouble == "crash(8) was stopped after 5 s."
    assert "sys" in said.sections


def test_without_a_kernel_or_without_crash_it_says_so(place: Path) -> None:
    said = run(place, release="6.4.0-1-default")
    assert said.trouble.startswith("no kernel image vmlinux-6.4.0-1-default is there")
    (place.parent / "bin" / "crash").unlink()
    assert run(place).trouble == "crash(8) is not installed there (package crash), nor is drgn."


@pytest.fixture
def drgn(place: Path) -> None:
    """A fake drgn, and a kernel that is not packed."""
    fake(place.parent, FAKE_DRGN, "drgn")
    (place / f"vmlinux-{RELEASE}.gz").rename(place / f"vmlinux-{RELEASE}")


def test_drgn_alone_reads_no_packed_kernel(place: Path) -> None:
    (place.parent / "bin" / "crash").unlink()
    fake(place.parent, FAKE_DRGN, "drgn")
    said = run(place)
    assert said.trouble == f"./vmlinux-{RELEASE}.gz has no symbols that drgn reads."
    assert said.needs_symbols


@pytest.mark.usefixtures("drgn")
def test_without_crash_drgn_is_asked(place: Path) -> None:
    (place.parent / "bin" / "crash").unlink()
    said = run(place)
    assert (said.trouble, said.version, said.program) == ("", "drgn 0.0.22", "drgn")
    assert {name: raw.strip() for name, raw in said.sections.items()} == {
        name: f"drgn on {name}".encode() for name in ("sys", "log", "bt")
    }
    words = f"-q --no-default-symbols -s ./vmlinux-{RELEASE} -c ./dump/vmcore script.py\n"
    assert (place.parent / "drgn").read_text() == words
    assert left(place) == set()


@pytest.mark.usefixtures("drgn")
def test_drgn_alone_opens_no_split_dump(place: Path) -> None:
    (place.parent / "bin" / "crash").unlink()
    said = session.run(sh, Asked(str(place), ("vmcore1", "vmcore2"), RELEASE, 30, mebibytes=1024))
    assert said.trouble == "drgn opens no dump that is in several files."


@pytest.mark.usefixtures("drgn")
def test_both_together_take_no_longer_than_one_may(place: Path) -> None:
    """crash takes its time and refuses; drgn has what is left of it."""
    real = shutil.which("timeout")
    fake(
        place.parent,
        f'#!/bin/sh\n# Keeps how it was called.\necho "$*" >>"$RECORD/timeout"\nexec {real} "$@"\n',
        "timeout",
    )
    fake(place.parent, "#!/bin/sh\n# A fake crash(8).\n[ $1 = --version ] || { sleep 2; exit 1; }\n")
    assert run(place, seconds=300).program == "drgn"
    given = re.findall(r"^-k 5 (\d+) ", (place.parent / "timeout").read_text(), re.MULTILINE)
    assert int(given[0]) - int(given[1]) >= 2


@pytest.mark.usefixtures("drgn")
def test_drgn_is_asked_what_crash_cannot_open_and_else_not(place: Path) -> None:
    assert run(place).program == "crash"
    assert not (place.parent / "drgn").exists()
    refuses = "#!/bin/sh\n# A fake crash(8).\n[ $1 != --version ] || exec echo crash 8.0.2\necho 'crash: no'; exit 1\n"
    fake(place.parent, refuses)
    assert run(place).program == "drgn"
    fake(place.parent, FAKE_DRGN.replace("grep -q '^def tell'", "exit 1"), "drgn")
    said = run(place)
    assert (said.program, said.trouble) == ("crash", "crash(8) could not open it: crash: no")


MAKEDUMPFILE = r"""#!/bin/sh
# A fake makedumpfile(8), which reads no flattened file, as the real one, and keeps how it was called.
echo "$*" >>"$RECORD/makedumpfile"
case $1 in
--dump-dmesg) ! grep -q ^makedumpfile "$2" && echo 'the last words' >"$3" ;;
-R) cat >/dev/null; echo plain >"$2" ;;
esac
"""


@pytest.fixture
def makedumpfile(place: Path) -> None:
    program = place.parent / "bin" / "makedumpfile"
    program.write_text(MAKEDUMPFILE)
    program.chmod(0o755)


@pytest.mark.usefixtures("makedumpfile")
def test_the_log_needs_no_crash(place: Path) -> None:
    said = run(place, release="6.4.0-1-default")
    assert said.log == b"the last words\n\n"
    assert said.trouble.startswith("no kernel image")
    assert said.needs_symbols


@pytest.mark.usefixtures("makedumpfile")
def test_the_log_needs_no_release(place: Path) -> None:
    said = session.run(sh, Asked(str(place), ("vmcore",), None, 30, mebibytes=1024))
    assert said.log == b"the last words\n\n"
    assert said.trouble.startswith("the dump does not tell its kernel's release")


@pytest.mark.usefixtures("makedumpfile")
def test_a_log_that_is_there_is_not_looked_for(place: Path) -> None:
    session.run(sh, Asked(str(place), ("vmcore",), "6.4.0-1-default", 30, mebibytes=1024, wants_log=False))
    assert not (place.parent / "makedumpfile").exists()


@pytest.mark.usefixtures("makedumpfile")
def test_the_log_of_a_flattened_dump_is_read_out_of_a_copy(place: Path) -> None:
    (place / "vmcore").write_bytes(b"makedumpfile\0\0\0\0" + b"\xff" * 16)
    assert run(place, release="6.4.0-1-default").log == b"the last words\n\n"
    assert left(place) == set()


@pytest.mark.usefixtures("makedumpfile")
def test_of_a_flattened_dump_that_was_cut_no_copy_is_made(place: Path) -> None:
    """The real makedumpfile waits ten minutes for the rest."""
    (place / "vmcore").write_bytes(b"makedumpfile\0\0\0\0" + b"\xff" * 15)
    assert run(place, release="6.4.0-1-default").log == b""
    assert "-R" not in (place.parent / "makedumpfile").read_text()


@pytest.mark.usefixtures("makedumpfile", "drgn")
def test_a_flattened_dump_that_drgn_cannot_open_is_shown_to_it_in_a_copy(place: Path) -> None:
    (place / "vmcore").write_bytes(b"makedumpfile\0\0\0\0" + b"\xff" * 16)
    (place.parent / "bin" / "crash").unlink()
    assert set(run(place).sections) == {"sys", "log", "bt"}
    assert left(place) == set()


@pytest.mark.usefixtures("makedumpfile")
def test_a_flattened_dump_that_crash_cannot_open_is_shown_to_it_in_a_copy(place: Path) -> None:
    """As is one of ELF with crash 8."""
    (place / "vmcore").write_bytes(b"makedumpfile\0\0\0\0" + b"\xff" * 16)
    refuse = "for file; do :; done\ngrep -q ^makedumpfile \"$file\" && { echo 'cannot realloc'; exit 1; }\n"
    fake(place.parent, FAKE.replace('pwd >"', refuse + 'pwd >"'))
    said = run(place)
    assert (said.trouble, set(said.sections)) == ("", set(session.COMMANDS))
    assert left(place) == set()


#: What the real crash 8.0.2 and drgn 0.3.0 answered to this script, of dumps of a lab node; logs are shortened.
CAPTURED = Path(__file__).parent / "crash"
OPEN = r"crash\(8\) could not open it: "
MEMORY = "crash(8) needs more memory than it may have (--crash-memory)."
PID_HASH = "WARNING: active task ffff8e94c4cce000 on cpu 0 not found in PID hash"
OTHER = "WARNING: kernel version inconsistency between vmlinux and dumpfile"


@pytest.mark.parametrize(
    ("name", "trouble", "warnings", "needs_symbols"),
    [
        ("whole", "", (PID_HASH,), False),
        ("other-kernel", "", (OTHER, PID_HASH), False),
        ("no-symbols", f"{OPEN}.* no .gnu_debuglink section crash: .* no debugging data available", (), True),
        ("little-memory", re.escape(MEMORY), (), False),
        ("little-memory-later", re.escape(MEMORY), (), False),
        ("cut-compressed", rf'{OPEN}crash: read error: .*"current_task .*"tss_struct ist array"', (), False),
        (
            "cut-elf",
            rf"{OPEN}crash: read error: .*",
            (),
            False,
        ),
        (
            "cut-flattened",
            rf"{OPEN}.* \(flat format\): truncated/incomplete .*: not a supported file format",
            (),
            False,
        ),
        ("drgn", "", (), False),
        ("drgn-other-kernel", "drgn could not open it: drgn: sys: .* could not find 'init_uts_ns'", (), True),
    ],
)
def test_what_a_real_crash_said(name: str, trouble: str, warnings: tuple[str, ...], *, needs_symbols: bool) -> None:
    said = session.read((CAPTURED / f"{name}.txt").read_bytes(), "@@0")
    assert re.fullmatch(trouble, said.trouble)
    version = "drgn 0.3.0" if name.startswith("drgn") else "crash 8.0.2"
    assert (said.version, said.warnings, said.needs_symbols) == (version, warnings, needs_symbols)


def test_each_section_of_a_real_crash_is_kept_whole() -> None:
    said = session.read((CAPTURED / "whole.txt").read_bytes(), "@@0")
    assert set(said.sections) == set(session.COMMANDS)
    assert b'PANIC: "Kernel panic - not syncing: sysrq triggered crash"' in said.sections["sys"]
    assert said.sections["bt"].startswith(b'PID: 663      TASK: ffff8e94c4cce000  CPU: 0    COMMAND: "bash"\n #0 ')
    assert said.sections["bt"].rstrip().endswith(b"ORIG_RAX: 0000000000000001  CS: 0033  SS: 002b")
    assert said.sections["modules"].strip() == b"no tainted modules"
    assert b"virtblk_fops" in said.sections["devices"]
    death = read_death(said.log)
    assert (death.headline, death.task, death.pid) == (
        "Kernel panic - not syncing: sysrq triggered crash",
        "bash",
        663,
    )


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
