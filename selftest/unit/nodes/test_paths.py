# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from kdumpcheck.paths import cache_dir, config_dir, lab_state_dir, state_dir

HOME = Path("/home/op")


def test_the_usual_places() -> None:
    assert config_dir({}, HOME) == HOME / ".config/kdumpcheck"
    assert state_dir({}, HOME) == HOME / ".local/state/kdumpcheck"
    assert cache_dir({}, HOME) == HOME / ".cache/kdumpcheck"
    assert lab_state_dir({}, HOME) == HOME / ".local/state/kdumpcheck/lab"


def test_xdg_variables_count() -> None:
    environ = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/k"}
    found = [place(environ, HOME) for place in (config_dir, state_dir, cache_dir, lab_state_dir)]
    assert found == [Path("/c/kdumpcheck"), Path("/s/kdumpcheck"), Path("/k/kdumpcheck"), Path("/s/kdumpcheck/lab")]


@pytest.mark.parametrize("value", ["", "relative/path", "."])
def test_a_relative_path_is_invalid_and_ignored(value: str) -> None:
    assert config_dir({"XDG_CONFIG_HOME": value}, HOME) == HOME / ".config/kdumpcheck"
