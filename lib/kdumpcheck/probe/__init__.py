# SPDX-License-Identifier: Apache-2.0
"""The one look at a node: a POSIX sh script composed of sections, each bounded in time and size."""

from __future__ import annotations

from kdumpcheck.probe.compose import Probe, compose
from kdumpcheck.probe.section import Section

__all__ = ["Probe", "Section", "compose"]
