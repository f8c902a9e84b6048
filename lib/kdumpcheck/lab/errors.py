# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in the lab, in one line an operator can act on."""

from __future__ import annotations


class LabError(Exception):
    """The lab could not do what it was asked; the text is one line that says why and what to do."""
