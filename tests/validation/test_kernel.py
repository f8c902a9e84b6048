# SPDX-License-Identifier: Apache-2.0
"""Is the kernel that runs the one everybody means, and may it hand over to another one?"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable
from kdumpcheck.facts import Kernels


@check(
    "kernel.kver",
    title="The vendor's scripts mean the kernel that runs",
    severity=Severity.WARN,
    instruction="A kernel was updated and the node not rebooted, or two are installed: reboot, or remove the one "
    "not used. Until then take `uname -r` where documents say ${KVER}.",
    source="metal-provision roles/node_images/files/scripts/common/dracut-lib.sh",
)
def test_kver_is_the_running_kernel(kernels: Kernels) -> None:
    """The vendor's procedures build the initrd for ${KVER}; when that is another kernel, they build the wrong one."""
    if kernels.kver is None:
        not_applicable("the node has no /srv/cray/scripts/common/dracut-lib.sh")
    expect(
        kernels.kver == kernels.running,
        expected=f"KVER is {kernels.running}",
        found=f"KVER is {kernels.kver or 'empty'}",
    )
