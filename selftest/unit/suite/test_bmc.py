# SPDX-License-Identifier: Apache-2.0
"""BMCs in a run: an operator's own test asks for a node's power and console; the passwords show nowhere."""

from __future__ import annotations

import json
import os
import textwrap
from pathlib import Path

import pytest
from selftest.unit.site import Site

CANARY = "kanarienvogel-7f3"
OWN_CANARY = "kanarienvogel-m1"
NODES = ("--nodes", "ncn-m001,ncn-w001", "--inventory", "inventory.yaml")

# Whatever it is asked for, the program writes down how it was called and who it was told to be.
_TOOL = """\
#!/bin/sh
echo "$USERNAME $IPMI_PASSWORD $*" >>{log}
echo on
"""
_SHOWS = """\
#!/bin/sh
tr '\\0' '\\n' </proc/$$/environ
echo "console of $1"
exec sleep 1000
"""
_OWN_TEST = """\
import os

import pytest

from kdumpcheck.suite.suite import SUITE
from kdumpcheck.transport import Deadline


@pytest.fixture
def suite(request):
    return request.config.stash[SUITE]


def test_power(suite):
    for name, node in suite.nodes.items():
        assert suite.ways.to(node).press("status", Deadline.after(60)).state == "on"


def test_console(suite, tmp_path):
    with suite.console("ncn-w001", tmp_path / "kept") as console:
        lines = []
        while not any("console of" in line.text for line in lines):
            lines += console.read(60)
    assert lines[-1].text == "console of ncn-w001"
    assert not any("kanarienvogel" in line.text for line in lines)
    assert "console of ncn-w001" in (tmp_path / "kept").read_text()


def test_environment(suite):
    assert "IPMI_PASSWORD" not in os.environ


@pytest.mark.parametrize("node", ["ncn-m001", "ncn-w001"])
def test_failure(suite, node):
    power = suite.ways.to(suite.nodes[node])
    power.press("reset", Deadline.after(5))


@pytest.mark.parametrize("node", ["ncn-m001", "ncn-w001"])
def test_darkness(suite, node):
    suite.console(node)
"""


@pytest.fixture
def bmcs(site: Site) -> Site:
    """A site with programs for power and console, and a login of its own for ncn-m001."""
    log = site.path / "told"
    for name, body in (("tool", _TOOL.format(log=log)), ("shows", _SHOWS)):
        (site.path / name).write_text(body)
        (site.path / name).chmod(0o755)
    (site.path / "own").write_text(f"{OWN_CANARY}\n")
    (site.path / "own").chmod(0o600)
    (site.path / "inventory.yaml").write_text(
        textwrap.dedent(
            f"""\
            kdumpcheck-inventory: 1
            defaults: {{console: 'command:{site.path}/shows {{node}}'}}
            nodes:
              ncn-m001: {{bmc: site-bmc.example.com, bmc_user: siteadmin, bmc_password_file: own}}
              ncn-w001: {{}}
            """
        )
    )
    (site.path / "tests" / "test_own.py").write_text(_OWN_TEST)
    return site


def run(site: Site, *words: str, only: str) -> pytest.RunResult:
    """Run an operator's own test in a process of its own."""
    arguments = ("tests/test_own.py", "-k", only, *NODES, "--power-command", f"{site.path}/tool {{bmc}} {{action}}")
    result = site.pytester.runpytest_subprocess(*arguments, "--showlocals", *words)
    for place in (result.stdout.str(), result.stderr.str(), *reports(site)):
        assert CANARY not in place
        assert OWN_CANARY not in place
    return result


def reports(site: Site) -> list[str]:
    found = [path.read_text() for path in (site.path / "reports").rglob("*") if path.is_file() and path.name != ".lock"]
    assert found
    return found


def told(site: Site) -> list[str]:
    return (site.path / "told").read_text().splitlines()


def test_each_bmc_has_the_inventory_s_login_or_that_of_the_run(bmcs: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USERNAME", "operator")
    monkeypatch.setenv("IPMI_PASSWORD", CANARY)
    assert run(bmcs, only="power").ret == 0
    assert told(bmcs) == [
        f"siteadmin {OWN_CANARY} site-bmc.example.com status",
        f"operator {CANARY} ncn-w001-mgmt status",
    ]


def test_a_file_and_a_name_given_to_the_run_are_for_all_others(bmcs: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPMI_PASSWORD", "of-the-environment")
    (bmcs.path / "run").write_text(f"{CANARY}\n")
    (bmcs.path / "run").chmod(0o600)
    assert run(bmcs, "--bmc-user", "admin", "--bmc-password-file", "run", only="power").ret == 0
    assert told(bmcs) == [
        f"siteadmin {OWN_CANARY} site-bmc.example.com status",
        f"admin {CANARY} ncn-w001-mgmt status",
    ]


def test_a_console_is_shown_by_the_inventory_s_program_which_is_told_no_password(
    bmcs: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPMI_PASSWORD", CANARY)
    assert run(bmcs, only="console or environment").ret == 0


def test_a_console_named_on_the_command_line_comes_first(bmcs: Site) -> None:
    (bmcs.path / "inventory.yaml").write_text(
        "kdumpcheck-inventory: 1\nnodes: {ncn-m001: , ncn-w001: {console: sol}}\n"
    )
    assert run(bmcs, "--console", f"command:{bmcs.path}/shows {{node}}", only="console").ret == 0


@pytest.mark.parametrize(
    ("words", "only", "said"),
    [
        (("--power-command", "false {action}"), "failure and m001", "*PowerError: ncn-m001: the program false ended*"),
        (("--power-via", "ipmi"), "failure and w001", "*PowerError: ncn-w001: *"),
        (("--power-via", "redfish"), "failure and w001", "*PowerError: ncn-w001: *"),
        (("--console", "sol"), "darkness and w001", "*ConsoleError: ncn-w001: *"),
    ],
)
def test_a_failure_shows_no_password_with_all_variables(
    bmcs: Site, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], only: str, said: str
) -> None:
    monkeypatch.setenv("IPMI_PASSWORD", CANARY)
    inventory = bmcs.path / "inventory.yaml"
    text = inventory.read_text().replace("site-bmc.example.com", "127.0.0.9:1").replace("{}", "{bmc: '127.0.0.9:1'}")
    inventory.write_text(text)
    result = run(bmcs, "-vv", *words, only=only)
    assert result.ret == 1
    result.stdout.fnmatch_lines([said, "*1 failed, *"])


def test_nothing_is_read_before_a_bmc_is_needed(bmcs: Site) -> None:
    os.remove(bmcs.path / "own")  # noqa: PTH107 - as an operator would
    words = ("--bmc-password-file", "none", "--bmc-ca", "none", "--bmc-certificate", "none")
    assert run(bmcs, *words, only="environment or console").ret == 0
    result = run(bmcs, *words, only="power")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["*SecretError: password file own: No such file or directory"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--bmc-password-file", "own", "--ask-bmc-password"),
            "--bmc-password-file and --ask-bmc-password: give one of them",
        ),
        (("--power-via", "telnet"), "telnet"),
    ],
)
def test_what_cannot_be_meant_is_refused(bmcs: Site, words: tuple[str, ...], said: str) -> None:
    result = bmcs.run("tests/test_own.py", *NODES, *words)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said in result.stderr.str()


@pytest.mark.parametrize("where", ["own", "ansible"])
def test_a_password_in_an_inventory_is_refused_in_one_line_without_it(site: Site, where: str) -> None:
    path: Path = site.path / "inventory.yaml"
    if where == "own":
        nodes = {"ncn-m001": {"bmc_password": CANARY}}
        path.write_text(json.dumps({"kdumpcheck-inventory": 1, "nodes": nodes}))
    else:
        path = site.path / "hosts.ini"
        path.write_text(f"[master]\nncn-m001 kdumpcheck_bmc_password={CANARY}\n")
    line = site.refused("tests/validation", "--nodes", "ncn-m001", "--inventory", path)
    assert "no password in an inventory: put a BMC's into a file of mode 0600, named by bmc_password_file" in line
    assert CANARY not in line
