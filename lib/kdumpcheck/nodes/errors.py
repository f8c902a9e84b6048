# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with one node."""

from __future__ import annotations

from typing import Generic, TypeVar

_KindT = TypeVar("_KindT", bound=str)


class NodeError(Exception, Generic[_KindT]):
    """Something went wrong with one node; the text is one line: what, where, and what to do.

    `kind` is one short word, `node` the node's name.
    """

    def __init__(self, kind: _KindT, node: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind
        self.node = node

    def __str__(self) -> str:
        """The one line, led by the node's name."""
        return f"{self.node}: {self.args[0]}"
