# SPDX-License-Identifier: Apache-2.0
"""What differs between two images that matters to kdump."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kdumpcheck.checks.judge import one_line
from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Contents, Fstab, Image, Packages, Sysconfig, Units
from kdumpcheck.facts.contents import Opened
from kdumpcheck.facts.lines import size


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same: its subject and name, and what either image says of it ("" where it has none)."""

    subject: str
    name: str
    old: str
    new: str

    @property
    def line(self) -> str:
        """It in one line."""
        return one_line(f"{self.subject}: {self.name}: {self.old or 'not there'} -> {self.new or 'not there'}")


def differences(old: Evidence, new: Evidence) -> list[Difference]:
    """All that differs, subject by subject."""
    before, after = dict(_subjects(old)), dict(_subjects(new))
    return [
        Difference(subject, name, before.get(subject, {}).get(name, ""), after.get(subject, {}).get(name, ""))
        for subject in dict.fromkeys([*before, *after])
        for name in sorted({*before.get(subject, {}), *after.get(subject, {})})
        if before.get(subject, {}).get(name, "") != after.get(subject, {}).get(name, "")
    ]


def _subjects(evidence: Evidence) -> Iterator[tuple[str, Mapping[str, str]]]:
    packages, sysconfig = Packages.parse(evidence), Sysconfig.parse(evidence)
    if not isinstance(packages, Unknown):
        yield "package", {name: ", ".join(versions) for name, versions in packages.rpm.items()}
    if not isinstance(sysconfig, Unknown):
        yield "configuration", {name: value or '""' for name, value in sysconfig.live.items()}
    units, fstab = Units.parse(evidence), Fstab.parse(evidence)
    if not isinstance(units, Unknown):
        yield "unit", {name: unit.enabled_state or unit.load_state for name, unit in units.by_name.items()}
    if not isinstance(fstab, Unknown):
        yield "fstab", {entry.point: f"{entry.device} {entry.fstype}" for entry in fstab.entries}
    image, contents = Image.parse(evidence), Contents.parse(evidence)
    if not isinstance(image, Unknown):
        yield from _of_the_image(image)
    if not isinstance(contents, Unknown):
        for path, opened in contents.by_path.items():
            yield path, _inside(opened)


def _of_the_image(image: Image) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "kernel", {release: size(bytes_) for release, bytes_ in image.kernels.items()}
    yield "modules", dict(image.modules)
    yield "symbols", dict.fromkeys(image.namelists, "there")
    yield "program", dict.fromkeys(image.programs, "there")
    yield "boot hook", dict.fromkeys(image.hooks, "there")
    settings: dict[str, str] = {}
    for file, line in image.dracut:
        settings[file] = f"{settings[file]}; {line}" if file in settings else line
    yield "dracut", settings
    if image.initrd is not None:
        yield "initrd", _inside(image.initrd)


def _inside(opened: Opened) -> Mapping[str, str]:
    """An initrd's size, drivers and files, each under a name of its own."""
    found = {"unpacked": size(opened.unpacked), "damage": opened.damage}
    for release, names in opened.modules.items():
        found |= {f"driver {name}": release for name in names}
    return found | {f"file {name}": f"{bytes_} bytes" for name, bytes_ in opened.files.items()}
