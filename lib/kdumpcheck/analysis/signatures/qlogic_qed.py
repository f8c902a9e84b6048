# SPDX-License-Identifier: Apache-2.0
"""The QLogic driver of storage nodes."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, stack_in

SIGNATURE = Signature(
    name="qlogic-qed",
    title="the QLogic network driver failed (qed, qede)",
    meaning=(
        "The driver of the QLogic adapter failed, on storage nodes mostly after a network event, as the "
        "reboot of a switch of the VSX pair; a wrong native VLAN on the back-channel links makes it likelier."
    ),
    todo=(
        "Correct the switch configuration of the storage nodes' back-channel links (vlan trunk native 10; "
        "CANU 2.3 or later generates it), and send a supportconfig and this dump to support."
    ),
    source="Cray-HPE/docs-csm troubleshooting/known_issues/qlogic_driver_crash.md",
    matches=stack_in("qed", "qede", "qedr", "qedi", "qedf"),
)
