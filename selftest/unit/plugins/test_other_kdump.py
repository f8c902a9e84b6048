# SPDX-License-Identifier: Apache-2.0
"""A kdump that kdumpcheck has never heard of, brought by one file: the probe asks for it, and the checks judge it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.unit.kept import captured, keep
from selftest.unit.site import Site, site

from kdumpcheck import plugins
from kdumpcheck.cli import main
from kdumpcheck.evidence import parse_answer
from kdumpcheck.facts import Units
from kdumpcheck.plugins import PluginError
from kdumpcheck.probe import compose

__all__ = ["site"]
EMBER = Path(__file__).parents[3] / "examples" / "ember" / "plugins"
WITH = ("--plugin-dir", str(EMBER))
ELSEWHERE = """from dataclasses import dataclass
from kdumpcheck.providers.suse_legacy import SuseLegacy
PACKAGES = {packages!r}
@dataclass(frozen=True, slots=True)
class Here(SuseLegacy):
    name: str = "here"
    capture_files: tuple[str, ...] = ("ember/save.sh",)
    def initrd(self, kernel):
        return {path!r}.replace("KERNEL", kernel)
    def initrd_sources(self, kernel):
        return ({path!r}.replace("KERNEL", kernel) + ".conf",)
PROVIDER = Here()
"""


@pytest.fixture(autouse=True)
def only_what_is_built_in() -> Iterator[None]:
    yield
    plugins.load()


def with_ember() -> dict[str, bytes]:
    """What a healthy node answers, had it Ember in the place of SUSE's kdump."""
    sections = captured("healthy")
    kernel = sections["kernels"].partition(b"running=")[2].partition(b"\n")[0]
    renamed = {
        b"/boot/initrd-%b-kdump" % kernel: b"/boot/ember-%b.img" % kernel,
        b"rpm\tkdump\t": b"rpm\tember-kdump\t",
        b"kdump.service": b"ember-load.service",
    }
    for name in ("packages", "units", "initrds", "contents"):
        for old, new in renamed.items():
            sections[name] = sections[name].replace(old, new)
    sections["contents"] += b"file\tember/save.sh\t2048\n"
    return sections


def test_all_checks_judge_it(site: Site) -> None:
    keep(site.bundle, "ncn-w001", with_ember())
    assert site.replay(*WITH).ret == 0
    outcomes = {check: outcome for (_, check), outcome in site.outcomes().items()}
    assert {outcomes[check] for check in ("service.enabled", "initrd.present", "initrd.fresh")} == {"pass"}
    assert not {"fail", "error"} & set(outcomes.values())


@pytest.mark.parametrize(
    ("section", "old", "new", "check"),
    [
        ("units", b"UnitFileState=enabled", b"UnitFileState=disabled", "service.enabled"),
        ("initrds", b"regular file", b"dangling link", "initrd.readable"),
        ("contents", b"ember/save.sh", b"ember/load.sh", "initrd.tools"),
    ],
)
def test_what_is_wrong_with_it_is_seen(site: Site, section: str, old: bytes, new: bytes, check: str) -> None:
    sections = with_ember()
    assert old in sections[section]
    keep(site.bundle, "ncn-w001", {**sections, section: sections[section].replace(old, new)})
    assert site.replay(*WITH).ret == 1
    assert site.outcomes()["ncn-w001", check] == "fail"


def test_its_own_advice_is_given(site: Site) -> None:
    sections = with_ember()
    sections["units"] = sections["units"].replace(b"UnitFileState=enabled", b"UnitFileState=disabled")
    keep(site.bundle, "ncn-w001", sections)
    site.replay(*WITH)
    told = (site.path / "reports" / "latest" / "report.html").read_text()
    assert " or: systemctl enable ember-load.service" in told


def probed(directory: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What this machine answers to the probe with the plugins of a directory."""
    capsys.readouterr()
    assert main(["probe", "--patience", "0", "--plugin-dir", str(directory)]) == 0
    script = capsys.readouterr().out.encode()
    done = subprocess.run(["sh"], input=script, capture_output=True, timeout=600, check=True)
    return {name: output.data.decode(errors="replace") for name, output in parse_answer(done.stdout).outputs.items()}


def test_the_probe_asks_for_its_packages_and_opens_its_initrd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kernel = os.uname().release
    tree = tmp_path / "tree" / "ember"
    tree.mkdir(parents=True)
    (tree / "save.sh").write_text("#!/bin/sh\n")
    initrd = tmp_path / f"ember-{kernel}.img"
    with initrd.open("wb") as file:
        names = b"ember\nember/save.sh\n"
        subprocess.run(["cpio", "-o", "-H", "newc"], cwd=tree.parent, input=names, stdout=file, check=True)
    Path(f"{initrd}.conf").touch()
    plugin = tmp_path / "plugins" / "providers" / "here.py"
    plugin.parent.mkdir(parents=True)
    plugin.write_text(ELSEWHERE.format(packages=["ember-kdump"], path=str(tmp_path / "ember-KERNEL.img")))
    for path in (plugin, plugin.parent, plugin.parent.parent):
        path.chmod(0o755)
    said = probed(plugin.parents[1], capsys)
    assert "package ember-kdump is not installed" in said["packages"]
    assert f"initrd\t{initrd}\tregular file" in said["initrds"]
    assert f"initrd\t{initrd}\n" in said["contents"]
    assert "file\tember/save.sh\t10\n" in said["contents"]
    assert f"source\t{initrd}.conf\t" in said["initrd-sources"]
    plugins.load()
    assert "ember" not in compose(Units.sections).script


def test_the_probe_asks_for_its_unit(tmp_path: Path) -> None:
    plugins.load([EMBER])
    program = tmp_path / "systemctl"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    script = compose(Units.sections).script.replace("PATH=/usr/sbin:", f"PATH={tmp_path}:/usr/sbin:")
    said = subprocess.run(["sh"], input=script, capture_output=True, text=True, timeout=600, check=True).stdout
    assert "kdump-tools.service ember-load.service\n" in said


def test_what_is_asked_for_anyway_is_not_asked_for_twice() -> None:
    plugins.load([EMBER.parents[1] / "site" / "plugins"])
    script = compose(Units.sections).script
    assert "\nmore_units='site-kdump.service'\nmore_initrds=''\nmore_opened=''\n" in script


@pytest.mark.parametrize("word", ["x; reboot", "$(reboot)", "'", "", "-x", "a b", "\n"])
def test_what_a_shell_would_read_otherwise_is_refused(tmp_path: Path, word: str) -> None:
    plugin = tmp_path / "providers" / "here.py"
    plugin.parent.mkdir()
    plugin.write_text(ELSEWHERE.format(packages=[word], path="/boot/ember-KERNEL.img"))
    for path in (plugin, plugin.parent, tmp_path):
        path.chmod(0o755)
    with pytest.raises(PluginError, match=r"here\.py: .* cannot be asked for on a node"):
        plugins.load([tmp_path])
    assert "ember" not in compose(Units.sections).script
