# SPDX-License-Identifier: Apache-2.0
"""ssh_config files, read once and then asked for one host after the other, as OpenSSH would.

Not paramiko's SSHConfig: that one has no Include, runs `Match exec` without a limit, and asks the DNS for
our own full name at every look-up, which costs seconds per node where the DNS is what is broken.
Sources: ssh_config(5); `ssh -G` is the judge of the tests.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kdumpcheck.transport.patterns import matches
from kdumpcheck.transport.tokens import TokenError, expand

_LINE = re.compile(r"\s*(\w+)(?:\s*=\s*|\s+|$)(.*?)\s*$", re.DOTALL)
_WHOLE = {"proxycommand", "knownhostscommand", "localcommand", "remotecommand"}  # the rest of the line, as it is
_COLLECTED = {"identityfile", "certificatefile"}
_LONGEST = 16 << 20  # characters; 10,000 hosts with ten lines each are 4 MiB
_DEPTH = 16  # as READCONF_MAX_DEPTH in OpenSSH's readconf.c


class ConfigError(ValueError):
    """The configuration cannot be used; the text is one line with file and line number."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an ssh_config file; an Include line carries the lines it stands for."""

    where: str
    keyword: str
    words: tuple[str, ...]
    included: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """What was set, and where, so that a complaint can name file and line."""

    words: tuple[str, ...]
    where: str


Include = Callable[[str], Iterable[tuple[str, str]]]


def parse(text: str, name: str, include: Include, depth: int = 0) -> tuple[Line, ...]:
    """Parse one file; `include` answers an Include pattern with (name, text) pairs."""
    if depth > _DEPTH:
        raise ConfigError(f"{name}: Include is nested more than {_DEPTH} deep")
    return tuple(
        _line(raw, f"{name}:{number}", include, depth)
        for number, raw in enumerate(text.splitlines(), 1)
        if raw.strip() and not raw.lstrip().startswith("#")
    )


def _line(raw: str, where: str, include: Include, depth: int) -> Line:
    found = _LINE.match(raw)
    if found is None:
        raise ConfigError(f"{where}: {raw.strip()[:60]!r} is not a keyword and a value")
    keyword, rest = found[1].lower(), found[2]
    words = (rest,) if keyword in _WHOLE else split(rest, where)
    if not words or not words[0]:
        raise ConfigError(f"{where}: {found[1][:60]} has no value")
    if keyword != "include":
        return Line(where, keyword, words)
    files = (file for word in words for file in include(word))
    lines = (line for name, text in files for line in parse(text, name, include, depth + 1))
    return Line(where, keyword, words, tuple(lines))


def split(rest: str, where: str) -> tuple[str, ...]:
    """Split a value into words: both quotes, backslash before a quote, and a comment at the end."""
    words: list[str] = []
    word: str | None = None
    quote = ""
    characters = iter(enumerate(rest))
    for at, c in characters:
        follows = rest[at + 1 : at + 2]
        if c == "\\" and follows and (follows in "\"'\\" or (follows == " " and not quote)):
            word = (word or "") + follows
            next(characters)
        elif quote and c == quote:
            quote = ""
        elif not quote and c in "\"'":
            quote, word = c, word or ""
        elif not quote and c in " \t":
            words, word = [*words, word] if word is not None else words, None
        elif c == "#" and word is None:
            break
        else:
            word = (word or "") + c
    if quote:
        raise ConfigError(f"{where}: a {quote} is not closed")
    return (*words, word) if word is not None else tuple(words)


def read(path: Path, base: Path) -> tuple[Line, ...]:
    """Read one file and what it includes; relative Include patterns start at `base`."""

    def include(pattern: str) -> list[tuple[str, str]]:
        # OpenSSH passes over what an Include does not find, but not over what it cannot read.
        absolute = base / Path(pattern).expanduser()
        found = sorted(Path(absolute.anchor).glob(str(absolute.relative_to(absolute.anchor))))
        return [(str(each), text_of(each)) for each in found if each.is_file()]

    return parse(text_of(path), str(path), include)


def text_of(path: Path) -> str:
    """The text of a configuration file; `ConfigError` says why it cannot be read."""
    try:
        # A pipe that nobody writes to and a device without end would keep us for ever; `ssh -F` takes /dev/null.
        if path.exists() and not (path.is_file() or path.is_dir() or path == Path(os.devnull)):
            raise ConfigError(f"{path}: not a regular file")
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(_LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from None
    if len(text) > _LONGEST:
        raise ConfigError(f"{path}: larger than {_LONGEST >> 20} MiB, too large for a configuration of ssh")
    return text


@dataclass(slots=True)
class Lookup:
    """What the configuration says about one host; the first value that is found for a keyword stays.

    `host` is the name that was asked for, `user` the login name if one was given, `run` tells whether a
    `Match exec` command succeeds, `expand` fills in its tokens.
    """

    host: str
    user: str | None
    local_user: str
    run: Callable[[str], bool]
    values: dict[str, Value] = field(default_factory=dict)
    name: str = ""
    final: bool = False
    canonical: bool = False
    wants_final: bool = False

    def __post_init__(self) -> None:
        """Start with the name as it was given; a second pass looks at the name it stands for."""
        self.name = self.name or self.host

    def walk(self, lines: Sequence[Line], *, active: bool = True) -> None:
        """Go through the lines in order, as `ssh` does; what is inside an Include cannot outlive it."""
        applies = active
        for line in lines:
            if line.keyword == "host":
                applies = active and matches(self.name, line.words)
            elif line.keyword == "match":
                applies = self._match(line, active=active) and active
            elif line.keyword == "include":
                self.walk(line.included, active=applies)
            elif applies:
                self._set(line)

    def settle(self, name: str, *, canonical: bool) -> None:
        """Make ready for the second, final pass: from now on the host goes by this name."""
        self.name, self.canonical, self.final = name, canonical, True
        self.values["hostname"] = Value((name.replace("%", "%%"),), "HostName")

    def _set(self, line: Line) -> None:
        keyword, words = line.keyword, line.words
        if keyword in ("proxyjump", "proxycommand") and {"proxyjump", "proxycommand"} & self.values.keys():
            return  # whichever comes first wins over both
        if keyword in _COLLECTED and keyword in self.values:
            known = self.values[keyword].words
            words = known if words[0] in known else known + words
        elif keyword in self.values:
            return
        self.values[keyword] = Value(words, line.where)

    def _match(self, line: Line, *, active: bool) -> bool:
        words, result = list(line.words), True
        while words:
            criterion, *value = words.pop(0).split("=", 1)  # "user=root" is the same as "user root"
            words[:0] = value
            negated, kind = criterion.startswith("!"), criterion.lstrip("!").lower()
            if kind == "all":
                return result and not negated
            self.wants_final |= active and kind == "final"
            passed = self._passes(kind, words, line.where, needed=active and result)
            result = result and passed != negated
        return result

    def _passes(self, kind: str, words: list[str], where: str, *, needed: bool) -> bool:
        if kind in ("canonical", "final"):
            return self.canonical if kind == "canonical" else self.final
        if kind not in ("host", "originalhost", "user", "localuser", "exec"):
            raise ConfigError(f"{where}: Match {kind} is not understood here")
        if not words:
            raise ConfigError(f"{where}: Match {kind} needs a value")
        argument = words.pop(0)
        if kind == "exec":
            return needed and self.run(argument)  # only run when it can still decide
        return self._fits(kind, argument)

    def _fits(self, kind: str, argument: str) -> bool:
        if kind in ("host", "originalhost"):
            name = self.hostname if kind == "host" else self.host
            return matches(name.lower(), argument.lower().split(","))
        user = self.local_user if kind == "localuser" else self.login
        return matches(user, argument.split(","))

    @property
    def hostname(self) -> str:
        """The real name to dial, as far as it is known."""
        value = self.values.get("hostname")
        return _filled(value, self.name) if value else self.name

    @property
    def login(self) -> str:
        """The login name, as far as it is known."""
        value = self.values.get("user")
        return self.user or (value.words[0] if value else self.local_user)


def _filled(value: Value, name: str) -> str:
    try:
        return expand(value.words[0], {"h": name})
    except TokenError as error:
        raise ConfigError(f"{value.where}: {error}") from None
