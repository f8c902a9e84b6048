# SPDX-License-Identifier: Apache-2.0
"""The probe carried by other engines, or from two controllers, to real sshd: judged as what plain ssh brings."""

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
from selftest.net.ports import reserve
from selftest.net.sshd import Sshd

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "engines"
BIN = Path(sys.executable).parent
ENGINES = ROOT / ".venv-engines" / "bin"
NODES = ("ncn-w001", "ncn-w002")


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[dict[str, Sshd]]:
    """Two nodes."""
    with ExitStack() as running:
        yield {
            node: running.enter_context(Sshd(tmp_path / node, address=f"127.0.0.{number}"))
            for number, node in enumerate(NODES, start=31)
        }


@pytest.fixture
def ssh_config(nodes: dict[str, Sshd], tmp_path: Path) -> Path:
    """The nodes by the names that an operator's own ssh would know."""
    config = tmp_path / "ssh_config"
    config.write_text(
        "".join(
            f"Host {node}\nHostName {sshd.address}\nPort {sshd.port}\nUser root\nIdentitiesOnly yes\n"
            f"IdentityFile {sshd.user_key}\nUserKnownHostsFile {sshd.known_hosts}\nGlobalKnownHostsFile none\n"
            for node, sshd in nodes.items()
        )
    )
    return config


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


@pytest.fixture
def roster(nodes: dict[str, Sshd]) -> Iterator[Path]:
    """The nodes as salt-ssh knows them: a directory for `salt-ssh -c`."""
    with tempfile.TemporaryDirectory(prefix="salt-ssh.") as name:
        place = Path(name)
        known = {
            node: {
                "host": sshd.address,
                "port": sshd.port,
                "user": "root",
                "priv": str(sshd.user_key),
                "ssh_options": [f"UserKnownHostsFile={sshd.known_hosts}", "GlobalKnownHostsFile=none"],
            }
            for node, sshd in nodes.items()
        }
        own = {"root_dir": name, "pki_dir": f"{name}/pki", "cachedir": f"{name}/cache", "log_file": f"{name}/log"}
        # YAML takes JSON.
        (place / "roster").write_text(json.dumps(known), encoding="utf-8")
        (place / "master").write_text(json.dumps(own), encoding="utf-8")
        yield place


def test_salt_ssh(roster: Path, wanted: dict[tuple[str, str], str], tmp_path: Path) -> None:
    here = tmp_path / "salt-ssh"
    here.mkdir()
    path = f"{BIN}:{ENGINES}:{os.environ['PATH']}"
    run("sh", EXAMPLES / "salt-ssh.sh", "-c", roster, "-L", ",".join(NODES), cwd=here, PATH=path)
    assert sorted(path.name for path in (here / "answers").iterdir()) == [f"{node}.out" for node in NODES]
    assert verdicts(here / "answers", tmp_path / "judged") == wanted


def test_salt_ssh_tells_of_a_node_that_gives_no_answer(nodes: dict[str, Sshd], roster: Path, tmp_path: Path) -> None:
    """One is gone; another host answers in its place: salt-ssh itself holds host keys against what is known."""
    gone, stranger = NODES
    nodes[gone].__exit__()
    nodes[stranger].known_hosts.write_text("")
    path = f"{BIN}:{ENGINES}:{os.environ['PATH']}"
    argv = ["sh", str(EXAMPLES / "salt-ssh.sh"), "-c", str(roster), "-L", ",".join(NODES)]
    done = subprocess.run(
        argv, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=300, check=False
    )
    told = dict(line.removeprefix('{"').split('": ', 1) for line in done.stderr.splitlines())
    assert sorted(told) == sorted(NODES), done.stderr
    assert "Connection refused" in told[gone]
    assert "host key needs to be accepted" in told[stranger]
    assert list((tmp_path / "answers").iterdir()) == []


def test_two_controllers_make_one_report(
    nodes: dict[str, Sshd], ssh_config: Path, wanted: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    """As docs/engines.md has it; each process stands for a controller, and one meets a node that is down."""
    dead = "ncn-w003"
    port = reserve("127.0.0.33")
    with ssh_config.open("a") as file:
        file.write(f"Host {dead}\nHostName 127.0.0.33\nPort {port}\nUser root\n")
    slices = run(BIN / "nodeset", "--split", "2", "--fold", ",".join([*NODES, dead]), cwd=tmp_path).split()
    assert slices == ["ncn-w[001-002]", dead]
    controllers = []
    for number, part in enumerate(slices, start=1):
        place = tmp_path / f"controller-{number}"
        place.mkdir()
        argv: list[str | Path] = [BIN / "pytest", "tests/validation", "-p", "no:cacheprovider"]
        argv += ["--nodes", part, "--bundle", f"part-{number}", "--ssh-config", ssh_config]
        process = subprocess.Popen(argv, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        controllers.append(process)
    said = [process.communicate(timeout=300)[0] for process in controllers]
    assert [process.returncode for process in controllers] == [1, 1], said
    parts = [place for number in (1, 2) for place in (tmp_path / f"controller-{number}/part-{number}").iterdir()]
    run("mkdir", "all", cwd=tmp_path)
    run("cp", "-n", *parts, "all", cwd=tmp_path)
    found = verdicts(tmp_path / "all", tmp_path / "judged")
    assert {key: outcome for key, outcome in found.items() if key[0] != dead} == wanted
    assert {outcome for (node, _), outcome in found.items() if node == dead} == {"error"}
