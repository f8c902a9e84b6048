# SPDX-License-Identifier: Apache-2.0
"""`links.repair`: make the links on ROOTRAID that kdump follows, as the boot hook makes them.

The hook's `ln -snf` cannot replace a real directory: it puts the link inside. Here the dumps in such a directory go to
the node's /var/crash first, by renames; a directory that holds anything else is left alone.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Dumps, Rootraid, Sysconfig
from kdumpcheck.facts.rootraid import Link
from kdumpcheck.remedies import script
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits

SHOWN = "/var/crash"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksRepair(Traits):
    """The remedy for a link on ROOTRAID that is missing, absolute, a directory, or leads elsewhere."""

    name: str = "links.repair"
    title: str = "Make ROOTRAID's links as the boot hook makes them"

    def plan(self, subject: Subject) -> Action:
        """Plan those links that do not lead where they must."""
        provider, rootraid = known(subject.provider), known(Rootraid.parse(subject.evidence))
        mount = rootraid.mount
        if mount is None or "rw" not in mount.options:
            raise RemedyError("ROOTRAID is not mounted for writing: no link can be made on it")
        if not rootraid.upper.startswith(f"{mount.point}/"):
            raise RemedyError(f"/run/overlayfs does not lead into ROOTRAID ({rootraid.upper or 'nowhere'})")
        inside = rootraid.upper.removeprefix(f"{mount.point}/")
        targets = provider.boot_links(known(Sysconfig.parse(subject.evidence)), inside)
        if isinstance(targets, str):
            raise RemedyError(targets)
        wrong = []
        for name, target in targets.items():
            link, place = rootraid.link(name), rootraid.upper + ("/boot" if name == "/boot" else "/var/crash")
            if not (link.is_relative and link.inside != "" and link.resolved == place):
                wrong.append((link, target, place))
        if not wrong and rootraid.hidden:
            raise RemedyError(f"{rootraid.hidden} hides /var/crash of the upper layer: unmount it by hand")
        changes = {link.path: {"old": _words(link), "new": f"-> {target}"} for link, target, _ in wrong}
        comment = f"make {' and '.join(changes) or 'no link'} as the boot hook does{_moved(subject, wrong)}"
        calls = "".join(f'    "$1" {shlex.join([link.path, target, place])}\n' for link, target, place in wrong)
        settings = {"upper": rootraid.upper, "shown": SHOWN}
        text = script.compose("links_repair", settings, f"links() {{\n    :\n{calls}}}\n")
        return Action(comment, changes, text, seconds=script.PATIENCE)


def _words(link: Link) -> str:
    return link.description.removeprefix(link.path).strip()


def _moved(subject: Subject, wrong: list[tuple[Link, str, str]]) -> str:
    dumps = Dumps.parse(subject.evidence)
    counts = dict(dumps.counts) if isinstance(dumps, Dumps) else {}
    number = sum(counts.get(link.path, 0) for link, _, _ in wrong if link.kind == "directory")
    return f"; first move {number} dump{'s' * (number != 1)} from there to {SHOWN}" if number else ""


REMEDY = LinksRepair()
