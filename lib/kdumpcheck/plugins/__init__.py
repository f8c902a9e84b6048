# SPDX-License-Identifier: Apache-2.0
"""Plugins: one file each in a typed directory; what is found is used or refused, and never silently left out."""

from __future__ import annotations

from kdumpcheck.plugins.load import load, loaded
from kdumpcheck.plugins.plugin import Plugin, PluginError

__all__ = ["Plugin", "PluginError", "load", "loaded"]
