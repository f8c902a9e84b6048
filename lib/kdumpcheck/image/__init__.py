# SPDX-License-Identifier: Apache-2.0
"""A node's image, before any node boots it: read without mounting, running or following anything out of it."""

from __future__ import annotations

from kdumpcheck.image.beside import Beside
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.evidence import look_at_image, name_of

__all__ = ["Beside", "ImageError", "look_at_image", "name_of"]
