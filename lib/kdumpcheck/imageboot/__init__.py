# SPDX-License-Identifier: Apache-2.0
"""An image, booted here as a node would boot it: in QEMU, with a fresh ROOTRAID and a BMC; gone when the run ends."""

from __future__ import annotations

from kdumpcheck.imageboot.guest import Guest, made_ready, power_on
from kdumpcheck.imageboot.shipped import Shipped
from kdumpcheck.imageboot.waiting import until_up

__all__ = ["Guest", "Shipped", "made_ready", "power_on", "until_up"]
