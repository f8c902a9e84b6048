# SPDX-License-Identifier: Apache-2.0
"""The capture kernel ran out of memory, and the dump is lost."""

from __future__ import annotations

from kdumpcheck.analysis.death import Death
from kdumpcheck.analysis.signatures.signature import Signature

_GREEDY = ("mlx5_core", "mlx5_ib", "qed", "qede", "cxi_core")


def _matches(death: Death) -> str | None:
    if not death.in_capture or not death.memory:
        return None
    loaded = {module.name for module in death.modules} | {frame.module for frame in death.frames}
    greedy = [name for name in _GREEDY if name in loaded]
    return death.memory[-1] + (f" (with {', '.join(greedy)} loaded)" if greedy else "")


SIGNATURE = Signature(
    name="capture-memory",
    title="the capture kernel ran out of memory: this dump is lost",
    meaning=(
        "The memory that crashkernel= reserves was too small for the capture kernel, its initrd and its drivers. "
        "Drivers of large network adapters (mlx5, qed) take hundreds of megabytes and save no dump to a local disk."
    ),
    todo=(
        "Keep such drivers out with module_blacklist= in KDUMP_COMMANDLINE_APPEND, or reserve more. "
        "'kdumpcheck explain crashkernel.enough' says how much is needed."
    ),
    source="Cray-HPE/docs-csm 311-NCN-KDUMP.md; node-images: mellanox drivers blacklisted to prevent OOM",
    matches=_matches,
)
