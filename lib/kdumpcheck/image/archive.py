# SPDX-License-Identifier: Apache-2.0
"""An image that is a tar archive, plain or packed: a root that was packed, or one layer of an OCI image."""

from __future__ import annotations

from pathlib import Path

from kdumpcheck.image.layers import Layers
from kdumpcheck.image.tree import Tree


def open_archive(path: Path, private: Path) -> Tree:
    """Read a tar archive through. Raises `ImageError` for one that is damaged, or none."""
    layers = Layers(private)
    layers.lay(path)
    return layers.tree
