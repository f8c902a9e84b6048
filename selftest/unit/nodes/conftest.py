# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kdumpcheck.nodes.sources import ansible_tool

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def no_ansible_of_our_own() -> Iterator[None]:
    """An Ansible that happens to be installed beside Python must not read the cases; the tests name their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ansible_tool, "BESIDE_PYTHON", Path("/nonexistent/ansible-inventory"))
        yield


@pytest.fixture(scope="session")
def cases() -> Path:
    """The inventories kept beside these tests."""
    return Path(__file__).parent / "cases"
