# SPDX-License-Identifier: Apache-2.0
"""Nodes that cannot be looked at: one clear line each, an error and no verdict, exit code 1, in time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from selftest.net.faults import ADDRESS, FOREVER, GRACE, LATER, black_hole, mute
from selftest.net.ports import reserve
from selftest.net.sshd import Sshd, keygen
from selftest.net.world import OPTIONS, User, world

ROOT = Path(__file__).parents[2]
#: For a node that never answers.
DEADLINE = 8
#: For one that does, and for one that never does beside it: a busy machine must have done its part by then.
ENOUGH = 20


@dataclass
class Ran:
    """One run of the suite, as a gate sees it."""

    exit_code: int
    text: str
    seconds: float
    results: list[dict[str, str]]

    @property
    def outcomes(self) -> set[str]:
        return {result["outcome"] for result in self.results}

    def lines(self, node: str) -> list[str]:
        return [line for line in self.text.splitlines() if line.startswith(f"ERROR {node}: ")]


@dataclass
class Site:
    """An operator's directory: an inventory, an ssh_config, known_hosts."""

    directory: Path

    def write(self, nodes: dict[str, dict[str, object]], ssh_config: Path, known_hosts: Path) -> None:
        inventory = {
            "kdumpcheck-inventory": 1,
            "ssh_config": str(ssh_config),
            "known_hosts": str(known_hosts),
            "nodes": nodes,
        }
        (self.directory / "inventory.yaml").write_text(yaml.safe_dump(inventory))

    def validate(self, nodes: str, *options: str, deadline: float = LATER) -> Ran:
        reports = self.directory / "reports"
        argv = [
            *(sys.executable, "-m", "pytest", str(ROOT / "tests" / "validation"), f"--rootdir={ROOT}", "-c"),
            *(str(ROOT / "pytest.ini"), "--inventory", str(self.directory / "inventory.yaml"), "--nodes", nodes),
            *("--deadline", str(deadline), "--report-dir", str(reports), "-p", "no:cacheprovider", *options),
        ]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("KDUMPCHECK", "SSH_"))}
        began = time.monotonic()
        done = subprocess.run(argv, capture_output=True, text=True, timeout=2 * FOREVER, check=False, env=environ)
        seconds = time.monotonic() - began
        text = done.stdout + done.stderr
        assert "Traceback" not in text
        assert "INTERNALERROR" not in text
        found = reports / "results.json"
        return Ran(done.returncode, text, seconds, json.loads(found.read_text())["results"] if found.exists() else [])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    directory = tmp_path / "site"
    directory.mkdir()
    return Site(directory)


def lost(ran: Ran, node: str, says: str) -> None:
    """What holds for every node that could not be looked at; without its deadline, a silent one has no end."""
    assert ran.exit_code == 1
    mine = [result for result in ran.results if result["node"] == node]
    assert mine
    assert {result["outcome"] for result in mine} == {"error"}
    (line,) = ran.lines(node)
    assert says in line, line
    assert ran.seconds < LATER + GRACE


def place(sshd: Sshd, **changes: object) -> dict[str, object]:
    return {"address": sshd.address, "port": sshd.port, "user": "root", **changes}


def test_unknown_node_is_a_usage_error_with_a_suggestion(site: Site, sshd: Sshd) -> None:
    site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, sshd.known_hosts)
    ran = site.validate("ncn-w002")
    assert ran.exit_code == 4
    assert "ncn-w002" in ran.text
    assert "ncn-w001" in ran.text


@pytest.mark.parametrize("nodes", ["", " ", ",", "@worker!@worker", "ncn-w[", "@nobody"])
def test_empty_and_broken_node_sets_are_usage_errors(site: Site, sshd: Sshd, nodes: str) -> None:
    site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, sshd.known_hosts)
    ran = site.validate(nodes)
    assert ran.exit_code == 4
    assert len([line for line in ran.text.splitlines() if line.startswith("ERROR: ")]) == 1


def test_closed_port(site: Site, sshd: Sshd) -> None:
    site.write({"ncn-w001": place(sshd, port=reserve("127.0.0.1"))}, sshd.ssh_config, sshd.known_hosts)
    lost(site.validate("ncn-w001"), "ncn-w001", "refuses connections")


def test_a_port_that_accepts_and_says_nothing(site: Site, sshd: Sshd) -> None:
    with mute() as port:
        site.write({"ncn-w001": place(sshd, address=ADDRESS, port=port)}, sshd.ssh_config, sshd.known_hosts)
        lost(site.validate("ncn-w001", deadline=DEADLINE), "ncn-w001", "says nothing")


def test_an_address_that_answers_nothing(site: Site, sshd: Sshd) -> None:
    with black_hole() as port:
        site.write({"ncn-w001": place(sshd, address=ADDRESS, port=port)}, sshd.ssh_config, sshd.known_hosts)
        lost(site.validate("ncn-w001", deadline=DEADLINE), "ncn-w001", "")


def test_wrong_key(site: Site, sshd: Sshd, tmp_path: Path) -> None:
    other = keygen(tmp_path / "other_key")
    config = tmp_path / "config"
    config.write_text(f"IdentitiesOnly yes\nIdentityFile {other}\nGlobalKnownHostsFile none\n")
    site.write({"ncn-w001": place(sshd)}, config, sshd.known_hosts)
    lost(site.validate("ncn-w001"), "ncn-w001", "key")


def test_unknown_host_key(site: Site, sshd: Sshd, tmp_path: Path) -> None:
    empty = tmp_path / "known_hosts"
    empty.touch()
    site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, empty)
    lost(site.validate("ncn-w001"), "ncn-w001", "host key")


def test_no_privilege(site: Site, tmp_path: Path) -> None:
    user = User("plain")
    root = tmp_path / "town"
    with Sshd(root, options=OPTIONS, prepare=world(root / "world", user)) as sshd:
        site.write({"ncn-w001": place(sshd, user="plain")}, sshd.ssh_config, sshd.known_hosts)
        lost(site.validate("ncn-w001"), "ncn-w001", "root")


def test_no_kdump_at_all(site: Site, sshd: Sshd) -> None:
    site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, sshd.known_hosts)
    lost(site.validate("ncn-w001"), "ncn-w001", "no kdump implementation")


def test_another_operating_system(site: Site, tmp_path: Path) -> None:
    """What uname says is faked here; nothing else can be, since only a Linux runs this."""
    login = tmp_path / "login"
    fake = "s/uname -snrm |/echo FreeBSD beastie 14.1 amd64 |/"
    login.write_text(f"#!/bin/sh\nsed '{fake}' | sh -c \"$SSH_ORIGINAL_COMMAND\"\n")
    login.chmod(0o755)
    with Sshd(tmp_path / "other", options=f"ForceCommand {login}") as sshd:
        site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, sshd.known_hosts)
        lost(site.validate("ncn-w001"), "ncn-w001", "FreeBSD, not Linux")


def test_a_node_that_is_no_shell(site: Site, tmp_path: Path) -> None:
    with Sshd(tmp_path / "other", options="ForceCommand echo 'This account is not available.'") as sshd:
        site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, sshd.known_hosts)
        lost(site.validate("ncn-w001"), "ncn-w001", "")


def test_a_dead_node_costs_the_others_nothing(site: Site, sshd: Sshd) -> None:
    """The dead one is an error by its own deadline; the other is judged all the same."""
    with mute() as port:
        nodes = {"ncn-w001": place(sshd, address=ADDRESS, port=port), "ncn-w002": place(sshd)}
        site.write(nodes, sshd.ssh_config, sshd.known_hosts)
        ran = site.validate("ncn-w[001-002]", deadline=ENOUGH)
    lost(ran, "ncn-w001", "says nothing")
    (other,) = ran.lines("ncn-w002")
    assert "no kdump implementation" in other


@pytest.mark.parametrize("workers", ["", "-n 2", "-n 3 --dist loadscope"])
def test_one_connection_and_one_exec_for_the_whole_validation(site: Site, tmp_path: Path, workers: str) -> None:
    with Sshd(tmp_path / "counted") as sshd:
        site.write({"ncn-w001": place(sshd)}, sshd.ssh_config, sshd.known_hosts)
        lost(site.validate("ncn-w001", *workers.split()), "ncn-w001", "no kdump implementation")
        assert sshd.connections() == 1
        assert sshd.logins() == 1
        assert sshd.log.read_text(errors="replace").count("Starting session: command") == 1
