# SPDX-License-Identifier: Apache-2.0
"""`initrd.rebuild`: purge the running kernel's kdump initrd and have kdump build a new one.

The vendor's page does it with `rm -f /boot/initrd-*-kdump; systemctl restart kdump.service`. That unloads the capture
kernel before the builder has shown that it works, and leaves no initrd at all when it does not. Here the vendor's
builder makes the new one beside the old; only when it is proven does it take the place and is kdump restarted.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Initrds, Kernels
from kdumpcheck.facts.initrds import Initrd
from kdumpcheck.facts.lines import size
from kdumpcheck.providers import Build, Provider
from kdumpcheck.remedies import script
from kdumpcheck.remedies.preconditions import loadable
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits

#: The last second that Python can name; a node may claim a later one.
_LATEST = 253402300799


@dataclass(frozen=True, slots=True, kw_only=True)
class InitrdRebuild(Traits):
    """The remedy for a kdump initrd that is missing, unreadable or out of date."""

    name: str = "initrd.rebuild"
    title: str = "Rebuild the kdump initrd"
    includes: tuple[str, ...] = ("service.restart",)

    def plan(self, subject: Subject) -> Action:
        """Plan the rebuild for the running kernel's initrd."""
        provider: Provider = known(subject.provider)
        loadable(subject)
        kernels, initrds = known(Kernels.parse(subject.evidence)), known(Initrds.parse(subject.evidence))
        build = provider.build(kernels, initrds.sources)
        if isinstance(build, str):
            raise RemedyError(build)
        path = provider.initrd(kernels.running)
        changes = {path: {"old": _words(initrds.get(path)), "new": f"built for {build.kernel}"}}
        comment = f"build a new {path} beside the old, prove it, swap them and restart {provider.units[0]}, or undo it"
        # At worst it builds, proves three times, restarts, and restarts again to undo.
        return Action(comment, changes, _script(path, build, provider), seconds=6 * script.PATIENCE)


def _words(old: Initrd | None) -> str:
    if old is None:
        return "absent"
    return f"{size(old.size)} of {datetime.fromtimestamp(min(old.mtime, _LATEST), UTC):%Y-%m-%d %H:%M} UTC"


def _script(initrd: str, build: Build, provider: Provider) -> str:
    settings = {
        "initrd": initrd,
        "new": build.initrd,
        "aside": _aside(initrd),
        "link": build.link,
        "new_link": build.new_link,
        "aside_link": _aside(build.link) if build.link and build.paired else "",
        "directory": build.directory,
        "unit": provider.units[0],
        "early": provider.units[-1],
        "lister": provider.lister,
        "build": shlex.join(build.command),
        "patience": str(script.PATIENCE),
    }
    return script.compose("initrd_rebuild", settings)


def _aside(path: str) -> str:
    place = PurePosixPath(path)
    return str(place.with_name(f".{place.name}.kdumpcheck-aside"))


REMEDY = InitrdRebuild()
