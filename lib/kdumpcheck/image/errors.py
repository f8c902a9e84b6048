# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with an image as a whole."""

from __future__ import annotations


class ImageError(ValueError):
    """An image, or a file that ships beside it, cannot be read; the text is one line for the operator."""
