# SPDX-License-Identifier: Apache-2.0
"""testinfra's `host` for an operator's own tests, on the very connection that the probe used.

This module is a plugin of its own, registered after testinfra's and only in a run that names nodes, so that its fixture
takes the place of testinfra's.
"""

from __future__ import annotations

from typing import Any

import pytest

from kdumpcheck.suite.suite import SUITE
from kdumpcheck.transport import TransportError


@pytest.fixture(scope="module")
def host(request: pytest.FixtureRequest) -> Any:  # noqa: ANN401 - testinfra ships no types
    """One node as testinfra knows it: host.file(), host.service(), host.check_output()."""
    suite = request.config.stash[SUITE]
    if suite.options.replay is not None:
        # A site's own test, not a check: kept evidence cannot answer it, and a failure would be no word about the node.
        pytest.skip("--replay touches no node, and this test asks one")
    try:
        return suite.host(request.param)
    except TransportError as error:
        pytest.fail(str(error), pytrace=False)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that wants a `host` once a node."""
    if "host" in metafunc.fixturenames:
        nodes = list(metafunc.config.stash[SUITE].nodes)
        metafunc.parametrize("host", nodes, ids=nodes, indirect=True, scope="module")
