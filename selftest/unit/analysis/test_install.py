# SPDX-License-Identifier: Apache-2.0
"""Getting debuginfo. The zypper here is a fake: it keeps its arguments, its environment and what it could read."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdumpcheck.analysis import install
from kdumpcheck.cli import main

CANARY = "canary-7f3a91c0"
PANIC = """[ 5.0] sysrq: Trigger a crash
[ 5.1] Kernel panic - not syncing: sysrq triggered crash
[ 5.2] CPU: 0 PID: 9 Comm: sh Kdump: loaded Not tainted 5.3.18-150300.59.87-default #1 SLE15-SP3
"""
FAKE = r"""#!/bin/sh
# A fake zypper(8).
printf '%s\n' "$@" >"$RECORD/argv"
env >"$RECORD/environ"
cat /proc/$$/environ /proc/$PPID/cmdline /proc/$PPID/environ >"$RECORD/parents" 2>/dev/null
ls -l "$CREDENTIALS" >"$RECORD/listing"
cat "$CREDENTIALS"/* >"$RECORD/credentials" 2>/dev/null
echo "Retrieving repository 'tmp-0' metadata"
END
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a fake zypper and an empty credentials directory; the dump is a directory of it."""
    for name in ("bin", "record", "dump"):
        (tmp_path / name).mkdir()
    zypper(tmp_path, "exit 0")
    (tmp_path / "dump" / "dmesg.txt").write_text(PANIC)
    monkeypatch.setattr(install, "CREDENTIALS", str(tmp_path / "credentials.d"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin")
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("CREDENTIALS", str(tmp_path / "credentials.d"))
    monkeypatch.delenv("ARTIFACTORY_USER", raising=False)
    monkeypatch.delenv("ARTIFACTORY_TOKEN", raising=False)
    token = tmp_path / "token"
    token.write_text(CANARY + "\n")
    token.chmod(0o600)
    return tmp_path


def zypper(place: Path, end: str) -> None:
    program = place / "bin" / "zypper"
    program.write_text(FAKE.replace("END", end))
    program.chmod(0o755)


def analyze(node: Path, *options: str) -> int:
    return main(["analyze", str(node / "dump"), "--install-debuginfo", *options])


def direct(node: Path) -> list[str]:
    login = ["--repository-user", "someone", "--repository-token-file", str(node / "token")]
    return ["--repository", "https://example.net/artifactory/update_debug", *login]


def recorded(node: Path, name: str) -> str:
    return (node / "record" / name).read_text(errors="replace")


def left(node: Path) -> list[str]:
    place = node / "credentials.d"
    return sorted(path.name for path in place.iterdir()) if place.exists() else []


def everywhere(node: Path) -> Iterator[Path]:
    """All that was written, but for the token's own file and what zypper itself read of the credentials file."""
    return (path for path in node.rglob("*") if path.is_file() and path.name not in ("token", "credentials"))


def test_without_apply_it_is_a_plan(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert analyze(node, "--csm-release", "1.5.2") == 0
    said = capsys.readouterr().err
    assert "install kernel-default-debuginfo=5.3.18-150300.59.87.1" in said
    assert "from https://packages.local/repository/csm-1.5.2-embedded, named for this one command" in said
    assert "nothing was changed: add --apply" in said
    assert not (node / "record" / "argv").exists()


def test_from_the_embedded_repository(node: Path) -> None:
    assert analyze(node, "--csm-release", "1.5.2", "--apply") == 0
    assert recorded(node, "argv").split() == [
        *("--non-interactive", "--plus-repo", "https://packages.local/repository/csm-1.5.2-embedded"),
        *("--plus-content", "debug", "install", "--no-recommends", "kernel-default-debuginfo=5.3.18-150300.59.87.1"),
    ]
    assert "proxy" not in recorded(node, "environ")
    assert left(node) == []


def test_a_login_is_in_a_file_for_the_one_command_and_nowhere_else(
    node: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(node, *direct(node), "--apply") == 0
    assert recorded(node, "credentials") == f"username=someone\npassword={CANARY}\n"
    assert recorded(node, "listing").splitlines()[1].startswith("-rw-------")
    assert "https://example.net/artifactory/update_debug?credentials=kdumpcheck-" in recorded(node, "argv")
    assert left(node) == []
    said = capsys.readouterr()
    assert CANARY not in said.out + said.err
    assert [path for path in everywhere(node) if CANARY.encode() in path.read_bytes()] == []


def test_a_proxy_is_set_for_the_one_command(node: Path) -> None:
    assert analyze(node, *direct(node), "--proxy", "https://example.proxy.net:443", "--apply") == 0
    assert "https_proxy=https://example.proxy.net:443" in recorded(node, "environ").splitlines()
    assert "https_proxy" not in os.environ


def test_what_zypper_says_is_told_when_it_fails(node: Path, capsys: pytest.CaptureFixture[str]) -> None:
    zypper(node, "echo 'No provider of kernel-default-debuginfo found.'; exit 104")
    assert analyze(node, *direct(node), "--apply") == 1
    assert "was not installed: " in (said := capsys.readouterr().err)
    assert "No provider of kernel-default-debuginfo found." in said
    assert left(node) == []


@pytest.mark.parametrize("rude", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_interrupted_it_leaves_no_login_behind(node: Path, rude: signal.Signals) -> None:
    """Also when its shell is killed so that it cannot clean up."""
    zypper(node, 'echo $PPID >"$RECORD/shell"; until [ -e "$RECORD/told" ]; do sleep 0.1; done')
    plan = install.Plan("kernel-default-debuginfo=1", "https://example.net/x", "someone", None)
    shell = subprocess.Popen(["sh", "-s"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, preexec_fn=heeds)
    assert shell.stdin is not None
    with shell.stdin as stdin:
        stdin.write(install.script(plan, CANARY).encode())
    wait_for(lambda: (node / "record" / "shell").exists())
    assert left(node) != []
    shell.send_signal(rude)
    (node / "record" / "told").touch()
    shell.wait(120)
    wait_for(lambda: left(node) == [])


def heeds() -> None:
    """A test in the background of a shell ignores Ctrl-C, and so would what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def wait_for(what: object, seconds: float = 120) -> None:
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--install-debuginfo needs --csm-release X.Y.Z or --repository URL, one of them"),
        (["--csm-release", "1.5; reboot"], "a release is as 1.5.2"),
        (["--repository", "https://u:p@example.net/x"], "no login belongs into an address"),
        (["--repository", "ftp:/x"], "it is no address"),
        (["--csm-release", "1.5.2", "--proxy", "https://u:p@proxy"], "no login belongs into an address"),
    ],
)
def test_bad_options_are_one_line(
    node: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(node, *options, "--apply") == 4
    line = capsys.readouterr().err
    assert said in line
    assert line.count("\n") == 1
    assert not (node / "record" / "argv").exists()
