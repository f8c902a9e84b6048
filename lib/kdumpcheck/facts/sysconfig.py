# SPDX-License-Identifier: Apache-2.0
"""/etc/sysconfig/kdump: the file in use, and the image's copy that the boot hook really reads."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.probe import Section

# A setting may go on in the next line, behind a backslash or within its quotes. Passwords are taken out before anything
# leaves the node: those in a save directory's URL, and the mail server's.
_SCRIPT = r"""
[ -e "$file" ] || { echo '#absent'; exit 0; }
sed -n -e '/^[[:space:]]*\(KDUMP\|KDUMPTOOL\|MAKEDUMPFILE\|KEXEC\|FADUMP\)_[A-Z_]*+\{0,1\}=/!d' -e ':more' \
    -e '$!{' -e '/\\$/{' -e 'N;s/\\\n//;b more' -e '}' \
    -e '/^[^=]*=\("\([^"\\]\|\\.\)*\|'\''[^'\'']*\)$/{' -e 'N;s/\n/ /;b more' -e '}' -e '}' \
    -e 's/^\([[:space:]]*KDUMP_SMTP_PASSWORD+\{0,1\}=\).*/\1"[redacted]"/' \
    -e 's#://[^[:space:]]*@#://[redacted]@#g' -e p "$file"
"""


@dataclass(frozen=True, slots=True)
class Sysconfig:
    """Settings by name, quotes resolved: `live` is the file kdump reads, `image` the SquashFS copy (None: absent).

    `live_hook` and `image_hook` are the save directory that the boot hook's own pattern takes from each, "" for none.
    """

    sections: ClassVar[tuple[Section, ...]] = (
        Section("sysconfig.live", f"file=/etc/sysconfig/kdump\n{_SCRIPT}"),
        Section("sysconfig.image", f"file=/run/rootfsbase/etc/sysconfig/kdump\n{_SCRIPT}"),
    )

    live: Mapping[str, str]
    image: Mapping[str, str] | None
    live_hook: str = ""
    image_hook: str = ""

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read both copies as the shell would (sysconfig files are sourced)."""
        live, image = evidence.text("sysconfig.live"), evidence.text("sysconfig.image")
        if isinstance(live, Unknown):
            return live
        if isinstance(image, Unknown):
            return image
        settings = _settings(live)
        if settings is None:
            return Unknown("/etc/sysconfig/kdump is not there")
        return cls(settings, _settings(image), _hooked(live), _hooked(image))


# dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh greps for this, in every release so far.
_HOOK = re.compile(r'KDUMP_SAVEDIR="file://(\S+[^"\n])')
_PLAIN = re.compile(r'"([^"\\$`]*)"')
_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
#: Characters that references may bring in, in all of a file: a few lines that double each other would fill all memory.
_BROUGHT_IN = 65536
_SETTING = re.compile(r"\s*(?:KDUMP|KDUMPTOOL|MAKEDUMPFILE|KEXEC|FADUMP)_[A-Z_]*\+?=")
#: No setting of anybody's has so many lines.
_GOES_ON = 64
_UNCLOSED = re.compile(r"""[^=]*=(?:"(?:[^"\\]|\\.)*|'[^']*)""")


def statements(text: str) -> Iterator[str]:
    """The settings of a sysconfig file, each with the lines that it goes on in, as the probe's sed(1) puts them."""
    lines = iter(text.split("\n"))
    for line in lines:
        if not _SETTING.match(line):
            continue
        whole = line
        for _ in range(_GOES_ON):
            joint = "" if whole.endswith("\\") else " " if _UNCLOSED.fullmatch(whole) else None
            more = None if joint is None else next(lines, None)
            if joint is None or more is None:
                break
            whole = (whole if joint else whole[:-1]) + joint + more
        yield whole


def _settings(text: str) -> Mapping[str, str] | None:
    if text.startswith("#absent"):
        return None
    found: dict[str, str] = {}
    left = _BROUGHT_IN

    def referred(named: re.Match[str]) -> str:
        nonlocal left
        value = found.get(named[1] or named[2], named[0])
        left -= len(value)
        return value if left >= 0 else named[0]

    # No other character than this one ends a line for the shell: what ends in a carriage return has it in its value.
    for line in text.split("\n"):
        if (read := setting(line)) is None:
            continue
        name, value = read
        if "'" not in line:
            value = _REFERENCE.sub(referred, value)
        plain = name.removesuffix("+")
        found[plain] = found.get(plain, "") + value if name != plain else value
    return found


def _hooked(text: str) -> str:
    found = _HOOK.search(text)
    return found[1] if found else ""


def setting(line: str) -> tuple[str, str] | None:
    """One line of a sysconfig file as the shell would read it: name and value, or None for any other line.

    The name of what is added to an earlier value ends in "+".
    """
    name, equals, rest = line.strip(" \t\n").partition("=")
    if not equals:
        return None
    if rest.endswith("\r"):
        before = setting(f"{name}={rest.rstrip(chr(13))}")
        return name, f"{before[1] if before else ''}\r"
    # Nearly all settings are one word in plain double quotes, and shlex is slow.
    if plain := _PLAIN.fullmatch(rest):
        return name, plain[1]
    try:
        words = shlex.split(rest, comments=True)
    except ValueError:
        # An open quote: the shell would fail on it too. Keep the text, for a check to point at.
        return name, rest
    return name, words[0] if words else ""
