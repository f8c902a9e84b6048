# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while an image is built."""

from __future__ import annotations

from kdumpcheck.lab.errors import LabError


class ImageError(LabError):
    """The node image could not be built; the message says why and what to do."""
