# SPDX-License-Identifier: Apache-2.0
"""Plugins that an option or an inventory chooses: ways to power, reporters, inventories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.unit.kept import keep_case
from selftest.unit.site import Site, site

from kdumpcheck import cli, plugins
from kdumpcheck.cli import main
from kdumpcheck.nodes import InventoryError, load_inventory
from kdumpcheck.nodes.load import SOURCES
from kdumpcheck.plugins import PluginError
from kdumpcheck.power import WAYS
from kdumpcheck.reporters.formats import FORMATS
from kdumpcheck.serve import command as serve

__all__ = ["site"]
EXAMPLE = Path(__file__).parents[3] / "examples" / "site" / "plugins"
WITH = ("--plugin-dir", str(EXAMPLE))
REPORTER = """from kdumpcheck.reporters.reporter import Reporter
REPORTER = Reporter({name!r}, {file!r}, "for a test", lambda run, gate: {text})
"""
SOURCE = """from kdumpcheck.nodes import Inventory, Node, Source
INVENTORY = Source({name!r}, "for a test", lambda file: {fits}, lambda file: {read})
"""
INVENTORY = 'Inventory.of([Node("ncn-w001")], origin="x", loader="x")'


@pytest.fixture(autouse=True)
def only_what_is_built_in() -> Iterator[None]:
    yield
    plugins.load()


def directory_with(tmp_path: Path, kind: str, text: str) -> Path:
    file = tmp_path / "plugins" / kind / "mine.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    for path in (file, file.parent, file.parent.parent):
        path.chmod(0o755)
    return file


def refused(file: Path) -> str:
    with pytest.raises(PluginError) as told:
        plugins.load([file.parents[1]])
    return str(told.value).removeprefix(f"{file}: ")


@pytest.fixture
def pdu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory of one node on a power strip, and a program that says what it was told; gives the inventory."""
    program = tmp_path / "bin" / "pductl"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/told\n[ "$3" != status ] || echo on\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("IPMI_PASSWORD", "unused")
    inventory = tmp_path / "nodes.yaml"
    inventory.write_text("kdumpcheck-inventory: 1\nnodes:\n  ncn-w001: {bmc: 'pdu://strip-7'}\n")
    return inventory


@pytest.mark.parametrize(
    ("text", "action", "status"),
    [
        ("def made(bmc): raise KeyError('strip')", "status", 4),
        ("class made(CommandPower):\n    def press(self, *_): return 1 // 0", "status", 1),
        ("class made(CommandPower):\n    def press(self, *_): return 1 // 0", "reset", 1),
    ],
)
def test_a_way_that_breaks_is_one_line(
    tmp_path: Path, pdu: Path, capsys: pytest.CaptureFixture[str], text: str, action: str, status: int
) -> None:
    made = "made" if "def made" in text else "lambda bmc: made(bmc.node.name, bmc.address, bmc.login, 'x {action}')"
    begins = "from kdumpcheck.power import CommandPower, Way\n"
    file = directory_with(tmp_path, "power", f'{begins}{text}\nPOWER = Way("pdu", "for a test", {made})\n')
    words = ["power", "ncn-w001", action, "--yes", "--inventory", str(pdu), "--plugin-dir", str(file.parents[1])]
    assert main(words) == status
    (line,) = capsys.readouterr().err.splitlines()
    assert f"ncn-w001: the way pdu to its power broke: {file}:" in line


def test_a_way_that_makes_no_button_is_one_line(tmp_path: Path, pdu: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = 'from kdumpcheck.power import Way\nPOWER = Way("pdu", "for a test", lambda bmc: None)\n'
    file = directory_with(tmp_path, "power", text)
    words = ["power", "ncn-w001", "status", "--inventory", str(pdu), "--plugin-dir", str(file.parents[1])]
    assert main(words) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("ncn-w001: the way pdu to its power broke: it gave None for a button")


def test_a_way_of_the_example_presses_the_power(pdu: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "ncn-w001", "status", "--inventory", str(pdu), *WITH]) == 0, capsys.readouterr().err
    assert "the program pductl" in capsys.readouterr().out
    plain = tmp_path / "plain.yaml"
    plain.write_text("kdumpcheck-inventory: 1\nnodes: {ncn-w002: }\n")
    words = ["power", "ncn-w002", "reset", "--yes", "--via", "pdu", "--inventory", str(plain), *WITH]
    assert main(words) == 0, capsys.readouterr().err
    told = (tmp_path / "told").read_text().splitlines()
    assert told == ["--strip strip-7 status ncn-w001", "--strip ncn-w002-mgmt reset ncn-w002"]


def test_a_way_that_nobody_brought_is_told_with_those_that_are(
    pdu: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["power", "ncn-w001", "status", "--inventory", str(pdu)]) == 4
    said = capsys.readouterr().err
    assert "no way to its power is called 'pdu' (there are ipmi, redfish, command)" in said
    assert main(["power", "ncn-w001", "status", "--inventory", str(pdu), "--via", "pigeon"]) == 4
    line = site.refused("tests/validation", "--nodes", "ncn-w001", "--inventory", pdu)
    assert line.startswith("--nodes: bmc of ncn-w001: no way to a node's power is called 'pdu' (there are ipmi, ")
    line = site.refused("tests/validation", "--nodes", "ncn-w001", "--power-via", "pigeon", *WITH)
    assert line == "--power-via: no way is called 'pigeon' (there are ipmi, redfish, command, pdu)"


def test_a_reporter_of_the_example_writes_its_file_beside_ours(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.keep(w001="healthy", w002="initrd-missing")
    site.replay("--format", "ticket", *WITH)
    latest = site.path / "reports" / "latest"
    assert (latest / "tickets.txt").read_text() == "KDUMP ncn-w002: initrd.present\n"
    told = [each for each in site.document()["plugins"] if each["name"] == "ticket"]
    assert [(each["kind"], each["layer"]) for each in told] == [("reporters", f"--plugin-dir {EXAMPLE}")]
    capsys.readouterr()
    assert main(["report", str(latest), "--format", "ticket", *WITH]) == 0
    assert capsys.readouterr().out == "KDUMP ncn-w002: initrd.present\n"
    assert main(["report", str(latest), "--format", "ticket"]) == 4
    assert main(["report", str(latest), "--format", "tap,goss"]) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [("1 / 0", "mine.py:2: ZeroDivisionError: division by zero"), ("run", "it is no text")],
)
def test_a_reporter_that_fails_costs_its_own_report_alone(
    site: Site, tmp_path: Path, text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = directory_with(tmp_path, "reporters", REPORTER.format(name="mine", file="mine.txt", text=text))
    site.keep(w001="healthy")
    result = site.replay("--format", "mine,tap", "--plugin-dir", file.parents[1])
    latest = site.path / "reports" / "latest"
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert any("the report mine could not be made: " in line and line.endswith(said) for line in result.outlines)
    assert {path.name for path in latest.iterdir()} >= {"results.json", "junit.xml", "results.tap", "index.html"}
    assert main(["report", str(latest), "--format", "mine", "--plugin-dir", str(file.parents[1])]) == 1
    assert "the report mine could not be made: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "file", "replaces", "said"),
    [
        ("mine", "results.tap", "", "its file results.tap is another report's"),
        ("mine", "index.html", "", "its file index.html is another report's"),
        ("mine", "../mine", "", "its file '../mine' is no name of a file"),
        ("a,b", "mine", "", "its name 'a,b' is no word of small letters"),
        ("mine", "results.json", "json", "what replaces json must be called json, and not mine: all runs use it"),
    ],
)
def test_a_reporter_that_would_be_in_the_way_is_refused(
    tmp_path: Path, name: str, file: str, replaces: str, said: str
) -> None:
    text = REPORTER.format(name=name, file=file, text="''") + (f"REPLACES = {replaces!r}\n" if replaces else "")
    before = dict(FORMATS)
    assert refused(directory_with(tmp_path, "reporters", text)) == said
    assert before == FORMATS


def test_a_reporter_takes_the_place_and_the_file_of_the_one_it_replaces(site: Site, tmp_path: Path) -> None:
    text = REPORTER.format(name="tap", file="results.tap", text="'mine'") + "REPLACES = 'tap'\n"
    file = directory_with(tmp_path, "reporters", text)
    site.keep(w001="healthy")
    assert site.replay("--format", "tap", "--plugin-dir", file.parents[1]).ret == 0
    assert (site.path / "reports" / "latest" / "results.tap").read_text() == "mine"


def test_an_inventory_of_the_example_names_the_nodes(site: Site, tmp_path: Path) -> None:
    racks = tmp_path / "site.racks"
    racks.write_text("ncn-w001,10.0.0.1,x3000\nncn-w002,10.0.0.2,x3001\n")
    keep_case(site.bundle, "ncn-w001", "healthy")
    keep_case(site.bundle, "ncn-w002", "healthy")
    result = site.replay("--inventory", racks, "--nodes=@x3001", *WITH)
    assert result.ret == 0, result.outlines
    assert {node for node, _ in site.outcomes()} == {"ncn-w002"}
    plugins.load([EXAMPLE])
    assert load_inventory(racks).nodes["ncn-w001"].address == "10.0.0.1"
    racks.write_text("ncn-w001,10.0.0.1,x3000\nncn-w002\n")
    with pytest.raises(InventoryError, match=r"site\.racks:2: not enough values"):
        load_inventory(racks)


@pytest.mark.parametrize(
    ("fits", "read", "said"),
    [
        ("1 / 0", INVENTORY, "mine cannot tell whether it is its own: "),
        ("True", "1 / 0", "it cannot be read as mine: "),
        ("True", INVENTORY, None),
        ("False", INVENTORY, "hosts file without an NCN"),
    ],
)
def test_one_kind_reads_a_file(tmp_path: Path, fits: str, read: str, said: str | None) -> None:
    file = directory_with(tmp_path, "inventories", SOURCE.format(name="mine", fits=fits, read=read))
    plugins.load([file.parents[1]])
    assert list(SOURCES)[-2:] == ["mine", "ansible"]
    nodes = tmp_path / "nodes"
    nodes.write_text("10.0.0.1 somebody\n" if said and "NCN" in said else "[masters]\n")
    if said is None:
        assert list(load_inventory(nodes).nodes) == ["ncn-w001"]
        return
    with pytest.raises(InventoryError) as told:
        load_inventory(nodes)
    assert said in str(told.value)
    assert "\n" not in str(told.value)


def test_two_kinds_that_take_one_file_are_told(tmp_path: Path) -> None:
    file = directory_with(tmp_path, "inventories", SOURCE.format(name="mine", fits="True", read=INVENTORY))
    plugins.load([file.parents[1]])
    nodes = tmp_path / "nodes"
    nodes.write_text("10.0.0.1 ncn-w001\n")
    with pytest.raises(InventoryError, match=r"hosts \(a hosts file\) and mine \(for a test\) both take it"):
        load_inventory(nodes)


def test_what_is_served_has_the_plugins_too(tmp_path: Path) -> None:
    arguments = cli.parser().parse_args(["serve", "--nodes", "ncn-w001", *WITH])
    assert f"--plugin-dir={EXAMPLE}" in serve._turn(arguments).arguments


def test_a_way_needs_a_name_that_an_inventory_can_say(tmp_path: Path) -> None:
    text = "from kdumpcheck.power import Way\nPOWER = Way('My PDU', 'for a test', lambda bmc: None)\n"
    assert refused(directory_with(tmp_path, "power", text)) == "its name 'My PDU' is no word of small letters"
    assert list(WAYS) == ["ipmi", "redfish", "command"]
