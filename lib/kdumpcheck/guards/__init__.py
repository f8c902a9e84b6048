# SPDX-License-Identifier: Apache-2.0
"""What must hold before a node is changed, rebooted, reset or crashed, and who may do it now."""

from __future__ import annotations

from kdumpcheck.guards.flights import Flights, fly
from kdumpcheck.guards.gate import Gate, refusal
from kdumpcheck.guards.lock import NodeLock
from kdumpcheck.guards.own_node import not_this_machine
from kdumpcheck.guards.owner import Owner
from kdumpcheck.guards.quorum import ClusterWord, may_go

__all__ = ["ClusterWord", "Flights", "Gate", "NodeLock", "Owner", "fly", "may_go", "not_this_machine", "refusal"]
