# SPDX-License-Identifier: Apache-2.0
"""The probe carried by other engines to two real sshd: what comes back must be judged as what ssh brings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from selftest.engines.salt import Salt
from selftest.net.sshd import Sshd

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "engines"
BIN = Path(sys.executable).parent
ENGINES = ROOT / ".venv-engines" / "bin"
NODES = ("ncn-w001", "ncn-w002")


@pytest.fixture
def ssh_config(tmp_path: Path) -> Iterator[Path]:
    """Two nodes, by the names that an operator's own ssh would know."""
    config, known = tmp_path / "ssh_config", tmp_path / "known_hosts"
    with ExitStack() as running:
        for number, node in enumerate(NODES, start=31):
            sshd = running.enter_context(Sshd(tmp_path / node, address=f"127.0.0.{number}"))
            with known.open("a") as file:
                file.write(sshd.known_hosts.read_text())
            with config.open("a") as file:
                file.write(
                    f"Host {node}\nHostName {sshd.address}\nPort {sshd.port}\nUser root\nIdentitiesOnly yes\n"
                    f"IdentityFile {sshd.user_key}\nUserKnownHostsFile {known}\nGlobalKnownHostsFile none\n"
                )
        yield config


def run(*argv: str | Path, cwd: Path, **environ: str) -> str:
    """Run a program that must succeed."""
    variables = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"} | environ
    done = subprocess.run(
        list(map(str, argv)), cwd=cwd, env=variables, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def verdicts(answers: Path, place: Path) -> dict[tuple[str, str], str]:
    """Judge answers in an empty directory: each check's outcome on each node."""
    place.mkdir()
    subprocess.run(
        [BIN / "pytest", "tests/validation", "--replay", answers, "-p", "no:cacheprovider"],
        cwd=place,
        capture_output=True,
        timeout=600,
        check=False,
    )
    document = json.loads((place / "reports" / "latest" / "results.json").read_text(encoding="utf-8"))
    return {(each["node"], each["check"]): each["outcome"] for each in document["results"]}


@pytest.fixture
def wanted(ssh_config: Path, tmp_path: Path) -> dict[tuple[str, str], str]:
    """The verdicts of what plain ssh brings."""
    answers = tmp_path / "by-ssh"
    answers.mkdir()
    probe = run(BIN / "kdumpcheck", "probe", cwd=tmp_path)
    for node in NODES:
        with (answers / f"{node}.out").open("wb") as file:
            argv = ["ssh", "-F", str(ssh_config), node, "sh"]
            subprocess.run(argv, input=probe.encode(), stdout=file, check=True, timeout=120)
    found = verdicts(answers, tmp_path / "judged-by-ssh")
    assert {node for node, _ in found} == set(NODES)
    return found


def test_clush(ssh_config: Path, wanted: dict[tuple[str, str], str], tmp_path: Path) -> None:
    here = tmp_path / "clush"
    here.mkdir()
    run("sh", EXAMPLES / "clush.sh", "-t", "120", "-o", f"-F {ssh_config}", "-w", "ncn-w[001-002]", cwd=here)
    assert sorted(path.name for path in (here / "answers").iterdir()) == [f"{node}.out" for node in NODES]
    assert verdicts(here / "answers", tmp_path / "judged") == wanted


def test_ansible(ssh_config: Path, wanted: dict[tuple[str, str], str], tmp_path: Path) -> None:
    here = tmp_path / "ansible"
    here.mkdir()
    shutil.copy(EXAMPLES / "probe.yml", here)
    (here / "probe.sh").write_text(run(BIN / "kdumpcheck", "probe", cwd=here), encoding="utf-8")
    (here / "nodes").write_text("\n".join(NODES) + "\n", encoding="utf-8")
    run(
        ENGINES / "ansible-playbook",
        "-i",
        "nodes",
        "probe.yml",
        cwd=here,
        ANSIBLE_SSH_ARGS=f"-F {ssh_config}",
        ANSIBLE_TIMEOUT="120",
        HOME=str(here),
    )
    assert sorted(path.name for path in (here / "answers").iterdir()) == [f"{node}.out" for node in NODES]
    assert verdicts(here / "answers", tmp_path / "judged") == wanted


@pytest.fixture(scope="module")
def salt() -> Iterator[Salt]:
    """A master and two minions; the paths of their sockets must be short."""
    with tempfile.TemporaryDirectory(prefix="salt.") as place, Salt(ENGINES, Path(place), NODES) as running:
        yield running


def test_salt(salt: Salt, wanted: dict[tuple[str, str], str], tmp_path: Path) -> None:
    here = tmp_path / "salt"
    here.mkdir()
    path = f"{BIN}:{ENGINES}:{os.environ['PATH']}"
    run("sh", EXAMPLES / "salt.sh", "-c", salt.config, "-L", ",".join(NODES), cwd=here, PATH=path)
    assert sorted(path.name for path in (here / "answers").iterdir()) == [f"{node}.out" for node in NODES]
    assert verdicts(here / "answers", tmp_path / "judged") == wanted


def test_salt_tells_of_a_minion_that_gives_no_answer(salt: Salt, tmp_path: Path) -> None:
    salt.kill(NODES[1])
    path = f"{BIN}:{ENGINES}:{os.environ['PATH']}"
    argv = ["sh", str(EXAMPLES / "salt.sh"), "-c", str(salt.config), "--timeout", "30", "-L", ",".join(NODES)]
    done = subprocess.run(
        argv, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=600, check=False
    )
    assert f"{NODES[1]}: Minion did not return" in done.stderr, done.stderr
    assert [path.name for path in (tmp_path / "answers").iterdir()] == [f"{NODES[0]}.out"]
