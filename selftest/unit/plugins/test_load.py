# SPDX-License-Identifier: Apache-2.0
"""Plugins are found in layers; what cannot be used is one line with its place, and nothing is left half done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from selftest.unit.kept import keep_case
from selftest.unit.site import Site, site

from kdumpcheck import plugins
from kdumpcheck.cli import main
from kdumpcheck.plugins import PluginError
from kdumpcheck.plugins import site as site_layer
from kdumpcheck.providers import PROVIDERS
from kdumpcheck.remedies import REMEDIES

__all__ = ["site"]
EXAMPLE = Path(__file__).parents[3] / "examples" / "site"
WITH = ("--plugin-dir", str(EXAMPLE / "plugins"))
TWIN = """from kdumpcheck.providers.suse_legacy import SuseLegacy
PROVIDER = SuseLegacy(name="twin")
"""
GIVING = """from dataclasses import dataclass
from kdumpcheck.providers.suse_legacy import SuseLegacy
@dataclass(frozen=True)
class Mine(SuseLegacy):
    name: str = "mine"
    {} = {}
PROVIDER = Mine()
"""
REMEDY = """from kdumpcheck.remedies import REMEDIES
class Mine:
    def __getattr__(self, name):
        return getattr(REMEDIES["links.repair"], name)
    name = "site.repair"
REMEDY = Mine()
"""


@pytest.fixture(autouse=True)
def only_what_is_built_in() -> Iterator[None]:
    yield
    plugins.load()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    directory = tmp_path / "plugins"
    (directory / "providers").mkdir(parents=True)
    directory.chmod(0o755)
    return directory


def add(place: Path, text: str, kind: str = "providers", name: str = "mine") -> Path:
    file = place / kind / f"{name}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o644)
    return file


def states() -> dict[tuple[str, str], list[tuple[str, bool]]]:
    found: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for each in plugins.loaded():
        found.setdefault((each.kind, each.name), []).append((each.layer, not each.replaced_by))
    return found


def refused(*directories: Path) -> str:
    before = list(PROVIDERS), list(REMEDIES)
    with pytest.raises(PluginError) as told:
        plugins.load(directories)
    assert (list(PROVIDERS), list(REMEDIES)) == before
    line = str(told.value)
    assert "\n" not in line
    return line


def test_what_is_built_in_is_there_by_itself() -> None:
    plugins.load()
    assert set(PROVIDERS) == {"suse_legacy", "suse", "kdump_tools", "kdump_utils"}
    assert {layer for each in states().values() for layer, _ in each} == {"built in"}


def test_a_file_in_a_directory_is_added(place: Path) -> None:
    add(place, TWIN)
    plugins.load([place])
    assert list(PROVIDERS) == ["suse_legacy", "suse", "kdump_tools", "kdump_utils", "twin"]
    assert states()["providers", "twin"] == [(f"--plugin-dir {place}", True)]
    plugins.load()
    assert list(PROVIDERS) == ["suse_legacy", "suse", "kdump_tools", "kdump_utils"]


def test_a_reboot_stays_behind_the_remedies_of_a_site(place: Path) -> None:
    add(place, REMEDY, "remedies")
    plugins.load([place])
    assert list(REMEDIES)[-3:] == ["site.repair", "node.reboot", "node.reset"]


def test_a_later_layer_replaces_only_by_its_own_word(place: Path) -> None:
    file = add(place, TWIN.replace("twin", "suse_legacy"))
    line = refused(place)
    assert line.startswith(f"{file}: there is suse_legacy in providers already (built in, ")
    assert 'say REPLACES = "suse_legacy"' in line
    file.write_text('REPLACES = "suse_legacy"\n' + file.read_text())
    plugins.load([place])
    assert list(PROVIDERS) == ["suse_legacy", "suse", "kdump_tools", "kdump_utils"]
    assert states()["providers", "suse_legacy"] == [("built in", False), (f"--plugin-dir {place}", True)]


def test_an_entry_point_is_a_layer_below_directories(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    entry = EntryPoint("signatures.mine", "kdumpcheck.analysis.signatures.sysrq", site_layer.GROUP)
    monkeypatch.setattr(site_layer, "entry_points", lambda group: [entry] if group == site_layer.GROUP else [])
    assert "there is sysrq in signatures already" in refused()
    entry = EntryPoint("signatures.mine", "no.such.module", site_layer.GROUP)
    monkeypatch.setattr(site_layer, "entry_points", lambda group: [entry])
    assert "entry point signatures.mine (no.such.module): " in refused()
    entry = EntryPoint("monitors.mine", "os", site_layer.GROUP)
    monkeypatch.setattr(site_layer, "entry_points", lambda group: [entry])
    assert (
        "monitors is no kind of plugin (they are providers, remedies, power, reporters, inventories, signatures)"
        in refused()
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", ": it defines no PROVIDER, as every file of providers must"),
        ("class P:\n    name = 'p'\nPROVIDER = P()\n", ": its PROVIDER has no "),
        ("\nimport no_such_module\n", ":2: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1\ndef broken(:\n", ":2: SyntaxError: "),
        ("def f():\n    return 1 / 0\nf()\n", ":2: ZeroDivisionError: division by zero"),
        (TWIN.replace('(name="twin")', ""), ": its PROVIDER is a class, not one of that class: write PROVIDER = Suse"),
        (
            GIVING.format("units: object", '("mine.service")'),
            ": its units is one string, 'mine.service': a tuple of one",
        ),
        (GIVING.format("capture_files: object", '"mine"'), ": its capture_files is one string, 'mine': a tuple of one"),
        (GIVING.format("units: tuple[str, ...]", "None"), ": its units gives None, where strings are asked for"),
        (GIVING.format("initrd", "lambda *_: None"), ": its initrd gives (None,), where strings are asked for"),
        (
            GIVING.format("x", "1").replace("@dataclass(frozen=True)", ""),
            ": Mine needs @dataclass: its name would ",
        ),
        ("REPLACES = 'nothing'\n" + TWIN, ": it replaces nothing, and no such plugin is in providers"),
    ],
)
def test_a_plugin_that_cannot_be_used_stops_the_run(place: Path, text: str, said: str) -> None:
    file = add(place, text)
    assert refused(place).startswith(f"{file}{said}")


def test_what_others_can_write_is_refused(place: Path) -> None:
    file = add(place, TWIN)
    for path in (file, file.parent, place):
        mode = path.stat().st_mode
        path.chmod(mode | 0o020)
        assert refused(place) == f"{path}: others can write to it: chmod go-w {path}"
        path.chmod(mode)


def test_what_belongs_to_somebody_else_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = add(place, TWIN)
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
        assert refused(place) == f"{file}: it belongs to another user (uid 65534)"
    else:  # only root can give a file away; anybody can be somebody else
        monkeypatch.setattr("kdumpcheck.plugins.site.os.geteuid", lambda: os.getuid() + 1)
        assert refused(place).endswith(f": it belongs to another user (uid {os.getuid()})")


def test_a_misspelt_directory_is_told(place: Path) -> None:
    add(place, TWIN, "provider")
    kinds = "inventories, power, providers, remedies, reporters, signatures"
    assert refused(place).endswith(f"provider: this is no kind of plugin; they are {kinds}")


def test_checks_may_lie_beside_plugins(place: Path) -> None:
    add(place, TWIN)
    add(place, "", "checks", "test_mine")
    add(place, "", "checks", "conftest")
    plugins.load([place])
    assert "twin" in PROVIDERS


def test_a_directory_in_which_no_plugin_would_be_found_is_told(place: Path, tmp_path: Path) -> None:
    """As that of the providers themselves, one level too deep."""
    add(place, TWIN)
    line = refused(place / "providers")
    assert line.startswith(f"--plugin-dir {place}/providers: there is no directory of plugins in it, as ")
    nested = add(place, TWIN, "providers/twin")
    nested.parent.chmod(0o755)
    assert refused(place) == f"{nested}: a plugin is one file, directly in {place}/providers"


@pytest.mark.parametrize(
    ("virtual", "said"),
    [
        ("packages.rpms", ":6: AttributeError: 'Packages' object has no attribute 'rpms'"),
        ("1", "its virtual gave 1, neither True nor a reason"),
    ],
)
def test_a_provider_that_breaks_is_an_error_of_the_node_and_no_end_of_the_run(
    site: Site, place: Path, capsys: pytest.CaptureFixture[str], virtual: str, said: str
) -> None:
    add(place, GIVING.format("virtual", f"lambda self, packages: {virtual}"))
    site.keep(w001="healthy")
    assert site.replay("--plugin-dir", place).ret == pytest.ExitCode.TESTS_FAILED
    assert set(site.outcomes().values()) == {"error"}
    messages = {each["message"] for each in site.document()["results"]}
    assert all("the provider mine broke: " in each and each.endswith(said) for each in messages)
    capsys.readouterr()
    # The other is still chosen: what is asked here is what each says.
    assert main(["plugins", "--replay", str(site.bundle), "--plugin-dir", str(place)]) == 1
    assert f"{said}\n" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["False", "None"])
def test_a_provider_may_say_no_without_a_reason(
    tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    keep_case(tmp_path / "bundle", "ncn-w001", "healthy")
    add(place, GIVING.format("virtual", f"lambda self, packages: {answer}"))
    assert main(["plugins", "--replay", str(tmp_path / "bundle"), "--plugin-dir", str(place)]) == 0
    told = capsys.readouterr().out
    assert f"  mine: no, and its virtual gives {answer} in the place of a reason\n" in told
    assert "  kdump_tools: no Debian package kdump-tools\n" in told  # a reason's own name is not said twice


def test_the_example_takes_part_in_a_run(site: Site) -> None:
    """Its provider replaces ours, its check is judged beside ours, and who uses what is told."""
    site.keep(w001="healthy")
    result = site.run("tests/validation", EXAMPLE / "checks", "--replay", site.bundle, *WITH)
    outcomes = site.outcomes()
    assert outcomes["ncn-w001", "site.crashkernel"] == "fail"
    assert outcomes["ncn-w001", "service.enabled"] != "pass"  # the node has no site-kdump.service
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    told = [each for each in site.document()["plugins"] if each["name"] == "suse_legacy"]
    assert [(each["layer"], bool(each["replaced_by"])) for each in told] == [
        ("built in", True),
        (f"--plugin-dir {EXAMPLE / 'plugins'}", False),
    ]


def test_a_bad_plugin_ends_a_run_before_it_begins(site: Site, place: Path) -> None:
    file = add(place, "1 / 0\n")
    line = site.refused("tests/validation", "--replay", site.bundle, "--plugin-dir", place)
    assert line == f"{file}:1: ZeroDivisionError: division by zero"


def test_the_command_tells_what_a_node_gets_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep_case(tmp_path / "bundle", "ncn-w001", "healthy")
    words = ["plugins", "--replay", str(tmp_path / "bundle"), *WITH, "--json"]
    assert main(words) == 0, capsys.readouterr().err
    told = json.loads(capsys.readouterr().out)
    assert told["nodes"]["ncn-w001"]["suse_legacy"] == "selected"
    assert "is of the line before 1.9" in told["nodes"]["ncn-w001"]["suse"]
    providers = [each for each in told["plugins"] if each["name"] == "suse_legacy"]
    assert [bool(each["replaced_by"]) for each in providers] == [True, False]


def test_two_that_fit_one_node_are_told_and_fail(
    tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_case(tmp_path / "bundle", "ncn-w001", "healthy")
    add(place, TWIN)
    assert main(["plugins", "--replay", str(tmp_path / "bundle"), "--plugin-dir", str(place)]) == 1
    assert capsys.readouterr().out.count(": selected") == 2


@pytest.mark.parametrize(
    "file",
    [
        "plugins/providers/site_kdump.py",
        "plugins/remedies/site_oops.py",
        "plugins/power/site_pdu.py",
        "checks/test_site.py",
        "recovery/test_site.py",
    ],
)
def test_the_documentation_shows_the_example_as_it_is(file: str) -> None:
    code = (EXAMPLE / file).read_text().partition('"""\n\n')[2]
    assert f"```python\n{code}```" in (EXAMPLE.parents[1] / "docs" / "plugins.md").read_text()


def test_the_documentation_shows_the_other_kdump_as_it_is() -> None:
    file = EXAMPLE.parent / "ember" / "plugins" / "providers" / "ember.py"
    code = file.read_text().partition('"""\n\n')[2]
    assert f"```python\n{code}```" in (EXAMPLE.parents[1] / "docs" / "plugins.md").read_text()


def test_the_documentation_spoils_evidence_so_that_a_check_fails(site: Site) -> None:
    text = (EXAMPLE.parents[1] / "docs" / "plugins.md").read_text().replace("DIR", "example")
    shutil.copytree(EXAMPLE, site.path / "example")
    *shell, passes, fails = text.partition("```sh\nmkdir spoiled\n")[2].partition("```")[0].splitlines()
    keep_case(site.path / "kept", "ncn-w001", "healthy")
    (site.path / "spoiled").mkdir()
    subprocess.run(["sh", "-ec", "\n".join(shell)], cwd=site.path, check=True, timeout=60)
    assert site.run(*passes.split()[1:]).ret == pytest.ExitCode.OK
    assert site.outcomes() == {("ncn-w001", "site.oops"): "pass"}
    assert site.run(*fails.split()[1:]).ret == pytest.ExitCode.TESTS_FAILED
    assert site.outcomes() == {("ncn-w001", "site.oops"): "fail"}
