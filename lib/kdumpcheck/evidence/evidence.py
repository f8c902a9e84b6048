# SPDX-License-Identifier: Apache-2.0
"""Evidence: the answers of one node to one probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from kdumpcheck.evidence.unknown import NotBooted, Unknown

#: What timeout(1) answers when it had to end, or to kill, the command.
_TIMED_OUT = (124, 137)
#: How the origin of an image's evidence begins; a node's begins with the way it was reached.
IMAGE = "image:"
#: How the name ends of the node that an image becomes when it is booted here; it begins with the image's.
BOOTED = "-booted"
#: What an image cannot tell by itself, and what else would tell it.
_BESIDE = {"cmdline": "needs the kernel command line that boots the image (--cmdline)"}
#: Why the answer of a section is not whole where the probe itself came to its end.
_BROKEN = "its end is missing, or tells of another length"


@dataclass(frozen=True, slots=True)
class Output:
    """What one section printed: bytes, exit status (None: it never ended), seconds, and if it was cut."""

    data: bytes
    exit_status: int | None
    seconds: float
    truncated: bool

    @property
    def text(self) -> str:
        """The bytes as text; what is not UTF-8 is shown as an escape, so nothing is lost or hidden."""
        return self.data.decode("utf-8", errors="backslashreplace")

    @property
    def timed_out(self) -> bool:
        """True when the section was ended for taking too long."""
        return self.exit_status in _TIMED_OUT


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that one node said in one look, or why nothing could be heard.

    `taken` is the controller's clock in UTC, `origin` how the node was reached ("ssh://root@host:22"),
    `digest` the probe's. `failure` holds the one line of a look that failed; then there are no outputs.
    `lost` is then the kind of failure, as the transport names it, "" where there was none to name.
    `complete` is False when the answer ended before the probe did; `ended` then says why, if that is known.
    """

    node: str
    taken: datetime
    origin: str
    digest: str = ""
    outputs: Mapping[str, Output] = field(default_factory=dict)
    complete: bool = False
    failure: str | None = None
    ended: str | None = None
    attempts: tuple[str, ...] = ()
    lost: str = ""

    @property
    def booted(self) -> bool:
        """False for an image that no node has booted: what only a running node can tell is not missing there."""
        return not self.origin.startswith(IMAGE)

    def output(self, name: str) -> Output | Unknown:
        """The answer of one section, or why there is none that could be trusted."""
        if self.failure is not None:
            return Unknown(self.failure)
        output = self.outputs.get(name)
        if output is None and not self.booted:
            return NotBooted(_BESIDE.get(name, "needs a booted node"))
        if output is None:
            return Unknown(f"no evidence of {name!r}: {self._why_not()}")
        if output.exit_status is None:
            return Unknown(f"no whole evidence of {name!r}: {self._why_not(_BROKEN)}")
        if output.timed_out:
            return Unknown(f"{name!r} did not answer in time ({output.seconds:.0f} s)")
        return output

    def _why_not(self, otherwise: str = "it was not asked") -> str:
        if self.ended is not None:
            return self.ended
        return otherwise if self.complete else "the connection ended before it was told"

    def text(self, name: str) -> str | Unknown:
        """The text of one section, or why there is none; a cut answer is no answer."""
        output = self.output(name)
        if isinstance(output, Unknown):
            return output
        if output.truncated:
            return Unknown(f"{name!r} answered more than {len(output.data)} bytes and was cut")
        return output.text
