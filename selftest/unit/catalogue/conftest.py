# SPDX-License-Identifier: Apache-2.0
"""The operator's suite in a directory of its own."""

from __future__ import annotations

from selftest.unit.site import site

__all__ = ["site"]
