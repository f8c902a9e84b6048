# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from kdumpcheck.facts.boot import Words
from kdumpcheck.providers.capture_line import capture_words, left_out, refused

RUNNING = Words.of("console=ttyS0 modprobe.blacklist=a")


def test_what_is_appended_follows_the_running_kernels_words() -> None:
    settings = {"KDUMP_COMMANDLINE_APPEND": "panic=10 nr_cpus=1", "KDUMP_COMMANDLINE": ""}
    assert capture_words(settings, RUNNING).words == ("console=ttyS0", "modprobe.blacklist=a", "panic=10", "nr_cpus=1")


def test_a_command_line_of_its_own_replaces_the_running_kernels_words_alone() -> None:
    settings = {"KDUMP_COMMANDLINE_APPEND": "panic=10", "KDUMP_COMMANDLINE": "quiet"}
    assert capture_words(settings, RUNNING).words == ("quiet", "panic=10")


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("quiet", set()),
        ("module_blacklist=mlx5_core,mlx5_ib,", {"mlx5_core", "mlx5_ib"}),
        ("modprobe.blacklist=mlx5-ib", {"mlx5_ib"}),
        ("module_blacklist=a,b module_blacklist=c", {"c"}),
        ("modprobe.blacklist=a modprobe.blacklist=b rd.driver.blacklist=c-d", {"a", "b", "c_d"}),
        ("qed,module_blacklist=mlx5_core", set()),
    ],
)
def test_modules_are_left_out_as_the_kernel_and_udev_read_it(line: str, out: set[str]) -> None:
    assert left_out(Words.of(line)) == out


def test_the_kernel_refuses_what_its_last_list_names_in_its_own_spelling() -> None:
    words = Words.of("module_blacklist=nvme modprobe.blacklist=xfs module_blacklist=raid1,virtio-blk,")
    assert refused(words) == {"raid1", "virtio-blk"}
