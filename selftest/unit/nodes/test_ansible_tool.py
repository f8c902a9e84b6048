# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kdumpcheck.nodes import InventoryError, load_inventory
from kdumpcheck.nodes.sources import ansible_tool
from kdumpcheck.nodes.sources.ansible_tool import MAX_OUTPUT, find_tool, read_with_tool


def tool(directory: Path, script: str) -> Path:
    """A program in the place of ansible-inventory."""
    path = directory / "bin" / "ansible-inventory"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def path_of(program: Path) -> dict[str, str]:
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


def alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    # A killed child of a killed parent may wait for init to collect it.
    return "\nState:\tZ" not in Path(f"/proc/{pid_file.read_text().strip()}/status").read_text()


def wait_until_gone(pid_file: Path) -> None:
    until = time.monotonic() + 60
    while alive(pid_file):
        assert time.monotonic() < until, "the program still runs"
        time.sleep(0.01)


def test_ansible_s_own_loader_is_used_when_it_is_there(tmp_path: Path, cases: Path) -> None:
    recorded = cases / "ansible" / "site.ini.ansible-core-2.19.json"
    program = tool(tmp_path, f'echo "$@" > {tmp_path}/argv; cat {recorded}')
    inventory = load_inventory(cases / "ansible" / "site.ini", path_of(program))
    assert inventory.nodes == load_inventory(cases / "ansible" / "site.ini", {}).nodes
    assert inventory.describe().endswith(f"(read as Ansible, by {program})")
    assert (tmp_path / "argv").read_text() == f"--list -i {cases / 'ansible' / 'site.ini'}\n"
    assert "in-plain-sight" not in repr(inventory)


def test_scripts_and_directories_are_ansible_s(tmp_path: Path) -> None:
    program = tool(tmp_path, """echo '{"all": {"hosts": ["ncn-w001"]}}'""")
    script = tmp_path / "dynamic"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    for path in (script, tmp_path):
        assert list(load_inventory(path, path_of(program)).nodes) == ["ncn-w001"]


@pytest.mark.parametrize(("name", "what"), [("dynamic", "a script"), (".", "a directory")])
def test_without_it_they_are_refused_with_the_reason(tmp_path: Path, name: str, what: str) -> None:
    (tmp_path / "dynamic").write_text("#!/bin/sh\necho should not be run > $0.ran\n")
    (tmp_path / "dynamic").chmod(0o755)
    with pytest.raises(InventoryError, match=f"{what}; reading that takes ansible-inventory, which is not installed"):
        load_inventory(tmp_path / name, {"PATH": "/nonexistent"})
    assert not (tmp_path / "dynamic.ran").exists()


def test_only_ansible_s_settings_reach_it(tmp_path: Path) -> None:
    program = tool(tmp_path, f'env > {tmp_path}/env; echo \'{{"all": {{"hosts": ["a"]}}}}\'')
    environ = path_of(program) | {"IPMI_PASSWORD": "hunter2", "ANSIBLE_CONFIG": "/etc/x.cfg", "HOME": "/root"}
    read_with_tool(program, tmp_path, environ)
    seen = (tmp_path / "env").read_text()
    assert "hunter2" not in seen
    assert "ANSIBLE_CONFIG=/etc/x.cfg" in seen


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo hunter2 >&2; exit 4", r"could not read it \(exit 4\); run `ansible-inventory --list -i .*` to see why"),
        ("kill -9 $$", r"could not read it \(exit -9\)"),
        ("echo hunter2", "printed something that is not JSON"),
        ("printf '\\377'", "printed something that is not JSON"),
        ("yes '[' | head -c 5000", "printed something that is not JSON"),
        ("echo '[]'", "must be a mapping, not a list"),
        ('echo \'{"g": {"hosts": {"a": 1}}}\'', "hosts of group g is not a list of names"),
        ('echo \'{"g": {"hosts": [1]}}\'', "hosts of group g is not a list of names"),
        ('echo \'{"_meta": {"hostvars": {"a": 3}}}\'', "a must be a mapping, not a number"),
    ],
)
def test_what_goes_wrong_is_one_line_without_what_it_printed(tmp_path: Path, script: str, problem: str) -> None:
    with pytest.raises(InventoryError, match=problem) as error:
        read_with_tool(tool(tmp_path, script), tmp_path, os.environ)
    assert "hunter2" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "script",
    [
        "sleep 600",
        "exec >&-; sleep 600",
        "sleep 600 & echo $! > {pids}; wait",
        "sleep 600 & echo $! > {pids}; exit 0",  # the child keeps the pipe open
    ],
)
def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path, script: str) -> None:
    pids = tmp_path / "pid"
    text = script if "{pids}" in script else f"echo $$ > {{pids}}; {script}"
    started = time.monotonic()
    with pytest.raises(InventoryError, match="did not finish in time"):
        read_with_tool(tool(tmp_path, text.format(pids=pids)), tmp_path, os.environ, deadline=2)
    assert time.monotonic() - started < 60
    wait_until_gone(pids)


def test_a_flood_is_stopped(tmp_path: Path) -> None:
    program = tool(tmp_path, f"echo $$ > {tmp_path}/pid; exec cat /dev/zero")
    with pytest.raises(InventoryError, match=f"printed more than {MAX_OUTPUT // 1024 // 1024} MiB"):
        read_with_tool(program, tmp_path, os.environ)
    wait_until_gone(tmp_path / "pid")


def test_a_program_that_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="cannot be started: No such file or directory"):
        read_with_tool(tmp_path / "absent", tmp_path, os.environ)


def test_it_is_looked_for_beside_python_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside = tool(tmp_path, "exit 0")
    monkeypatch.setattr(ansible_tool, "BESIDE_PYTHON", beside)
    assert find_tool({"PATH": ""}) == beside


def test_it_is_looked_for_on_the_path(tmp_path: Path) -> None:
    program = tool(tmp_path, "exit 0")
    assert find_tool({"PATH": str(program.parent)}) == program
    assert find_tool({"PATH": str(tmp_path)}) is None
