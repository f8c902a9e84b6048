# SPDX-License-Identifier: Apache-2.0
"""What a saved dump is: of which kind, whole or cut short, of which kernel and of when. Reads bytes, does nothing."""

from __future__ import annotations

from kdumpcheck.dumps.vmcore import Kind, Vmcore, inspect

__all__ = ["Kind", "Vmcore", "inspect"]
