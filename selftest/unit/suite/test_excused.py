# SPDX-License-Identifier: Apache-2.0
"""Machines that are no metal NCN: skipped with the reason, and a run with nothing else is no good result."""

from __future__ import annotations

from selftest.unit.kept import captured, keep
from selftest.unit.site import Site

PIT = b"uname_s=Linux\nuname_n=eniac-pit\nuname_r=6.4\ncmdline=rd.live.overlay=LABEL=cow\npit=yes\n"


def test_a_run_in_which_nothing_was_judged_is_a_mistake(site: Site) -> None:
    keep(site.bundle, "ncn-m001", {"system": PIT})
    result = site.replay()
    assert result.ret == 4
    result.stdout.fnmatch_lines(["VERDICT: no check applies to 1 node: this is a PIT node*"])
    assert {each["outcome"] for each in site.document()["results"]} == {"skip"}


def test_beside_a_node_that_is_judged_it_is_not_counted_as_good(site: Site) -> None:
    keep(site.bundle, "ncn-m001", {"system": PIT})
    keep(site.bundle, "ncn-w001", captured("healthy"))
    result = site.replay("-k", "test_running_kernel_has_an_initrd")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["VERDICT: all selected checks passed on 1 of 2 nodes, none applies to the others*"])
