# SPDX-License-Identifier: Apache-2.0
"""What is released, as a stranger gets it: sdist, its wheel, a venv with the lock's versions, an empty directory."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selftest.unit.kept import keep_case

ROOT = Path(__file__).parents[2]
SDIST = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"


@dataclass(frozen=True)
class Released:
    """The files that are released, and the programs of a venv that has nothing but them and what they need."""

    sdist: Path
    wheel: Path
    bin: Path


def run(*argv: str | Path, cwd: Path, status: int = 0) -> str:
    """Run a program without what this run has in its environment; gives all it said."""
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(cwd), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(word) for word in argv], cwd=cwd, env=clean, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def fetching(*argv: str | Path) -> None:
    """Run what downloads; a download that breaks off is tried again, and tells nothing of what is released."""
    for pause in (5, 30, None):
        done = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode == 0:
            return
        if pause is not None:
            time.sleep(pause)  # an index that is away for a moment tells nobody when it is back
    raise AssertionError(done.stdout + done.stderr)


def pinned(lock: str) -> str:
    """The lock's versions as constraints: the wheel, which has no hash yet, can then be installed beside them."""
    return "\n".join(re.findall(r"^[A-Za-z0-9._-]+==[^ \\\n]+", lock, flags=re.MULTILINE)) + "\n"


def results(directory: Path) -> list[dict[str, Any]]:
    """What the newest report of a directory says of each check."""
    found: list[dict[str, Any]] = json.loads((directory / "reports" / "latest" / "results.json").read_text())["results"]
    return found


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Released:
    """Build both files, and install the wheel; pip finds its index in the environment's own settings."""
    place = tmp_path_factory.mktemp("released")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    checkout = place / "checkout"
    for name in tracked.decode().split("\0")[:-1]:
        target = checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    # Built from a copy: setuptools takes up what an earlier build left beside the sources.
    subprocess.run([sys.executable, "-c", SDIST, place], cwd=checkout, check=True, capture_output=True)
    (sdist,) = place.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "--quiet")
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place, sdist], check=True, timeout=600
    )
    (wheel,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place / "venv"], check=True, timeout=600)
    constraints = place / "constraints.txt"
    constraints.write_text(pinned((ROOT / "requirements.lock").read_text(encoding="utf-8")), encoding="utf-8")
    python = place / "venv" / "bin" / "python"
    fetching(*pip, "--python", python, "install", "--no-compile", "--constraint", constraints, wheel)
    return Released(sdist, wheel, python.parent)


def test_the_wheel_holds_all_that_the_package_and_the_suite_are_made_of(released: Released) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "lib/kdumpcheck", "tests/**.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = {re.sub(r"^(lib/|(?=tests/))", lambda start: "" if start[0] else "kdumpcheck/", name) for name in tracked}
    held = set(zipfile.ZipFile(released.wheel).namelist())
    assert {"kdumpcheck/tests/validation/test_initrd.py", "kdumpcheck/tests/recovery/test_crash.py"} <= wanted
    wanted = {name for name in wanted if Path(name).name != ".shellcheckrc"}  # the linter's, which looks at a checkout
    assert wanted - held == set()
    beside = {name.partition(".data/data/")[2] for name in held if ".data/" in name}
    assert beside == {"share/man/man1/kdumpcheck.1", "share/man/man1/kdumpcheck-suite.1"}
    assert {name for name in held if "dist-info" not in name and ".data/" not in name} - wanted == set()
    assert [name for name in held if name.endswith("licenses/LICENSE")]


def test_the_sdist_holds_what_a_packager_builds_and_tests_with(released: Released) -> None:
    with tarfile.open(released.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "requirements.lock",
        "LICENSE",
        "pytest.ini",
        "conftest.py",
        "docs/checks.md",
        "docs/man/kdumpcheck.1",
        "tests/recovery/test_node.py",
    } <= names
    assert "selftest/cases/suse/healthy.evidence.gz" in names


def test_a_healthy_and_a_broken_node_are_judged_from_an_empty_directory(released: Released, tmp_path: Path) -> None:
    for name, case, status in (("healthy", "healthy", 0), ("broken", "initrd-missing", 1)):
        bundle, here = tmp_path / name / "bundle", tmp_path / name / "empty"
        here.mkdir(parents=True)
        keep_case(bundle, "ncn-w001", case)
        said = run(released.bin / "pytest", "tests/validation", "--replay", bundle, cwd=here, status=status)
        assert f"of {released.bin.parent}" in said  # whose tests these are, is said
        failed = [result["check"] for result in results(here) if result["outcome"] == "fail"]
        assert ("initrd.present" in failed) == bool(status)
        planned = run(released.bin / "pytest", "tests/recovery", "--replay", bundle, cwd=here, status=status)
        checks = {result["check"] for result in results(here)}
        assert {"initrd.present", "service.enabled"} <= checks  # a recovery ends with the checks, wherever it is run
        assert ("would build a new" in planned) == bool(status)


def test_a_sites_own_package_takes_part_beside_the_wheel(released: Released, tmp_path: Path) -> None:
    """As an outsider has it: the wheel and his package in one environment, and nothing of the checkout."""
    venv, site, here = tmp_path / "venv", tmp_path / "site", tmp_path / "empty"
    here.mkdir()
    shutil.copytree(
        ROOT / "examples" / "site", site, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    )
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=600)
    # What the wheel needs is there already: this environment sees that of the wheel.
    (library,) = (released.bin.parent / "lib").glob("python3*/site-packages")
    (mine,) = (venv / "lib").glob("python3*/site-packages")
    (mine / "wheel.pth").write_text(f"{library}\n")
    pip = (sys.executable, "-m", "pip", "--quiet")
    build = (*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, site)
    subprocess.run(build, check=True, timeout=600)
    (wheel,) = tmp_path.glob("*.whl")
    install = (*pip, "--python", venv / "bin" / "python", "install", "--no-deps", wheel)
    subprocess.run(install, check=True, timeout=600)
    python = (venv / "bin" / "python", "-m")
    listed = json.loads(run(*python, "kdumpcheck.cli", "plugins", "--json", cwd=here))["plugins"]
    its_own = {f"{each['kind']} {each['name']}" for each in listed if each["layer"].startswith("entry point ")}
    assert its_own == {
        "providers suse_legacy",
        "remedies site.oops",
        "power pdu",
        "reporters ticket",
        "inventories racks",
        "signatures site-fabric",
    }
    assert [each["name"] for each in listed if each["replaced_by"]] == ["suse_legacy"]
    keep_case(tmp_path / "bundle", "ncn-w001", "initrd-missing")
    words = ("tests/validation", site / "checks", "--replay", tmp_path / "bundle", "--format", "ticket")
    run(*python, "pytest", *words, cwd=here, status=1)
    assert "initrd.present" in (here / "reports" / "latest" / "tickets.txt").read_text()
    assert {"site.crashkernel", "site.oops", "initrd.present"} <= {result["check"] for result in results(here)}


def test_a_place_that_was_not_shipped_is_refused_in_one_line(released: Released, tmp_path: Path) -> None:
    keep_case(tmp_path / "bundle", "ncn-w001", "healthy")
    said = run(released.bin / "pytest", "tests/nothing", "--replay", tmp_path / "bundle", cwd=tmp_path, status=4)
    assert "tests/nothing" in said
    assert "Traceback" not in said


def test_the_commands_run_and_know_their_version(released: Released, tmp_path: Path) -> None:
    program = released.bin / "kdumpcheck"
    assert run(program, "--version", cwd=tmp_path).split()[1] == released.wheel.name.split("-")[1]
    assert "initrd.present" in run(program, "explain", cwd=tmp_path)
    assert run(program, "probe", cwd=tmp_path).startswith("# kdumpcheck probe")


def test_the_manual_lies_where_man_looks_beside_the_command(released: Released, tmp_path: Path) -> None:
    for name, words in (("kdumpcheck", "kdumpcheck explain"), ("kdumpcheck-suite", "--inventory FILE")):
        page = released.bin.parent / "share" / "man" / "man1" / f"{name}.1"
        assert words in run("groff", "-man", "-Tutf8", "-ww", "-P-cbou", page, cwd=tmp_path)


def test_the_command_completes_itself(released: Released, tmp_path: Path) -> None:
    (tmp_path / "completion").write_text(run(released.bin / "kdumpcheck", "completion", "bash", cwd=tmp_path))
    line = "source ./completion; COMP_WORDS=(kdumpcheck plug); COMP_CWORD=1; _shtab_kdumpcheck; echo ${COMPREPLY[@]}"
    assert run("bash", "-c", line, cwd=tmp_path).split() == ["plugins"]


def test_the_bill_of_materials_names_all_that_is_installed_as_the_lock_has_it(
    released: Released, tmp_path: Path
) -> None:
    """Last, for with $DIST it leaves what is released there."""
    bill = tmp_path / f"{released.wheel.name.rpartition('-py3')[0]}.cdx.json"
    words = ("environment", "--output-reproducible", "--of", "JSON", "-o", bill, "--pyproject", ROOT / "pyproject.toml")
    run(ROOT / ".venv-sbom" / "bin" / "cyclonedx-py", *words, released.bin / "python", cwd=tmp_path)
    told = json.loads(bill.read_text(encoding="utf-8"))
    assert told["metadata"]["component"]["name"] == "kdumpcheck"
    assert told["metadata"]["component"]["version"] == released.wheel.name.split("-")[1]
    named = {f"{re.sub('[-_.]+', '-', each['name']).lower()}=={each['version']}" for each in told["components"]}
    assert {name.partition("==")[0] for name in named} >= {"paramiko", "pytest", "shtab", "cryptography"}
    assert named <= set(pinned((ROOT / "requirements.lock").read_text(encoding="utf-8")).split())
    assert not [each["name"] for each in told["components"] if not each.get("licenses")]
    freeze = (sys.executable, "-m", "pip", "--python", released.bin / "python", "freeze", "--exclude", "kdumpcheck")
    lines = run(*freeze, cwd=tmp_path).splitlines()
    installed = {re.sub("[-_.]+", "-", line.partition("==")[0]).lower() for line in lines if "==" in line}
    assert {name.partition("==")[0] for name in named} == installed
    if place := os.environ.get("DIST"):
        Path(place).mkdir(exist_ok=True)
        for file in (released.sdist, released.wheel, bill):
            shutil.copy(file, place)
