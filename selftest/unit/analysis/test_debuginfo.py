# SPDX-License-Identifier: Apache-2.0
"""Which package belongs to a kernel that died."""

from __future__ import annotations

import pytest

from kdumpcheck.analysis.debuginfo import package_of

PTF = "5.14.21-150500.55.39.1.27360.1.PTF.1215587"


@pytest.mark.parametrize(
    ("release", "installed", "wanted", "sure"),
    [
        # The kernel that died is installed: its RPM knows the last number.
        (
            "5.3.18-150300.59.87-default",
            ["5.3.18-150300.59.87.2"],
            "kernel-default-debuginfo=5.3.18-150300.59.87.2",
            True,
        ),
        # Another one is, as after an update: not its number.
        (
            "5.3.18-150300.59.87-default",
            ["5.3.18-150300.59.93.1"],
            "kernel-default-debuginfo=5.3.18-150300.59.87.1",
            False,
        ),
        # Two are: the one that died.
        (
            "5.3.18-150300.59.87-default",
            ["5.3.18-150300.59.93.1", "5.3.18-150300.59.87.1"],
            "kernel-default-debuginfo=5.3.18-150300.59.87.1",
            True,
        ),
        # A PTF kernel keeps all of its version.
        (f"{PTF}-default", [], f"kernel-default-debuginfo={PTF}", True),
        (f"{PTF}-default", [PTF], f"kernel-default-debuginfo={PTF}", True),
        ("6.4.0-150600.23.17-64kb", [], "kernel-64kb-debuginfo=6.4.0-150600.23.17.1", False),
    ],
)
def test_the_package_of_a_release(release: str, installed: list[str], wanted: str, sure: bool) -> None:
    package = package_of(release, installed)
    assert package is not None
    assert (str(package), package.sure) == (wanted, sure)


@pytest.mark.parametrize("release", ["", "6.1.0", "--rpm -e kernel", "6.4.0-1 $(reboot)-default", "x" * 1000])
def test_what_is_no_release_has_none(release: str) -> None:
    assert package_of(release, []) is None
