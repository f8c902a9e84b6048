# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.locks import locked_directory
from kdumpcheck.lab.state import LabFacts, StateDir

HOLDER = """
import sys
from pathlib import Path
from kdumpcheck.lab.locks import locked_directory
with locked_directory(Path(sys.argv[1]), 1.0, "busy"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_command_is_told_that_one_is_at_work(tmp_path: Path) -> None:
    with locked_directory(tmp_path, 1.0, "busy"), pytest.raises(LabError, match="busy"):
        locked_directory(tmp_path, 0.2, "busy").__enter__()


def test_the_lock_ends_with_a_killed_holder(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(LabError), locked_directory(tmp_path, 0.1, "busy"):
        pass
    holder.kill()
    holder.communicate()
    with locked_directory(tmp_path, 120.0, "busy"):
        pass


def test_shared_locks_exclude_only_the_one_that_is_alone(tmp_path: Path) -> None:
    with locked_directory(tmp_path, 1.0, "busy", shared=True):
        with locked_directory(tmp_path, 1.0, "busy", shared=True):
            pass
        with pytest.raises(LabError), locked_directory(tmp_path, 0.1, "busy"):
            pass


def test_a_directory_removed_by_its_holder_is_made_anew_and_locked(tmp_path: Path) -> None:
    directory, entered = tmp_path / "lab", threading.Event()

    def wait_for_the_lock() -> None:
        with locked_directory(directory, 120.0, "busy"):
            entered.set()
            assert directory.is_dir()

    waiter = threading.Thread(target=wait_for_the_lock)
    with locked_directory(directory, 1.0, "busy"):
        waiter.start()
        assert not entered.wait(0.3)
        directory.rmdir()
    waiter.join(120.0)
    assert entered.is_set()


def test_a_lock_leaves_no_file(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "lab")
    with state.locked():
        assert list(state.root.iterdir()) == []
    assert state.root.stat().st_mode & 0o777 == 0o700


def test_what_the_nodes_have_in_common_is_read_back(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    assert state.facts() is None
    state.write_facts(LabFacts(block=2, images={"suse": "/images/one"}))
    assert state.facts() == LabFacts(block=2, images={"suse": "/images/one"})
