# SPDX-License-Identifier: Apache-2.0
"""The probe only reads: the kernel's own record of every file it opens, creates, removes or changes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.facts import FACTS
from kdumpcheck.probe import compose

#: What changes a file or the tree of files by its name; what is changed by a descriptor must first be opened.
CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,rmdir,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,"
    "symlinkat,mknod,mknodat,truncate,chmod,fchmodat,chown,lchown,fchownat,utime,utimes,"
    "utimensat,setxattr,lsetxattr,mount,umount2,flock"
)
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
#: Nothing is kept by these. An sqlite RPM database cannot be read, not even by `rpm -q`, without its two helper files;
#: SLES keeps its own in another form (ndb), which is only read.
HARMLESS = re.compile(r'"/dev/(null|tty)"|"/proc/self/|/rpmdb\.sqlite-(wal|shm)"')


def changes(trace: str) -> list[str]:
    found = []
    for line in trace.splitlines():
        call = re.search(r"\b(\w+)\(", line)
        if call is None or HARMLESS.search(line) or "exited with" in line:
            continue
        if not call[1].startswith(("open", "creat")) or WRITING.search(line) or call[1] == "creat":
            found.append(line)
    return found


@pytest.fixture
def strace() -> str:
    for program in ("strace", "rpm"):
        if shutil.which(program) is None:
            pytest.fail(f"{program} is missing: apt-get install {program}")
    return "strace"


def traced(strace: str, script: str, tmp_path: Path) -> str:
    trace = tmp_path / "trace"
    argv = [strace, "-f", "-qq", "-o", str(trace), "-e", f"trace={CALLS}", "sh", "-s"]
    subprocess.run(argv, input=script.encode(), capture_output=True, timeout=600, check=True)
    return trace.read_text(errors="replace")


def test_the_whole_probe_opens_nothing_for_writing(strace: str, tmp_path: Path) -> None:
    sections = [section for fact in FACTS.values() for section in fact.sections]
    trace = traced(strace, compose(sections, patience=0).script, tmp_path)
    assert "/proc/cmdline" in trace, "the trace does not show what the probe reads"
    assert changes(trace) == []


@pytest.mark.parametrize(
    "command",
    ["echo x >{}", "touch {}", "mkdir {}", "ln -s a {}", "cat /dev/null >>{}", "exec 9>{}; flock 9"],
)
def test_any_change_would_be_seen(strace: str, tmp_path: Path, command: str) -> None:
    trace = traced(strace, command.format(tmp_path / "changed"), tmp_path)
    assert changes(trace) != []
