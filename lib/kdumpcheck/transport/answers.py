# SPDX-License-Identifier: Apache-2.0
"""The values ssh_config gives for one host, read as what they mean."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from kdumpcheck.transport.sshconfig import ConfigError, Value
from kdumpcheck.transport.target import Jump, Strict
from kdumpcheck.transport.tokens import TokenError, expand, expand_path

Tokens = Mapping[str, str | Callable[[], str]]
T = TypeVar("T")

METHODS = ("publickey", "keyboard-interactive", "password")
_IDENTITIES = ("~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519")
_USER_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_STRICT: dict[str, Strict] = {
    "yes": "yes", "true": "yes", "ask": "yes",  # nobody is there to be asked
    "accept-new": "accept-new",
    "no": "no", "off": "no", "false": "no",
}  # fmt: skip
_FAMILIES = {"any": socket.AF_UNSPEC, "inet": socket.AF_INET, "inet6": socket.AF_INET6}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
#: Keywords that would make a connection less safe, or impossible, if they were passed over in silence.
_REFUSED = {
    "revokedhostkeys": "list the keys as @revoked in a known_hosts file",
    "proxyusefdpass": "use a ProxyCommand that passes the data itself",
}


class Answers:
    """The values found for one host, read as what they mean."""

    def __init__(self, values: Mapping[str, Value], tokens: Tokens) -> None:
        self._values = values
        self._tokens = tokens
        for keyword, advice in _REFUSED.items():
            if self.word(keyword, "none").lower() not in ("none", "no"):
                raise ConfigError(f"{values[keyword].where}: {keyword} is not supported here: {advice}")

    def word(self, keyword: str, default: str) -> str:
        """One word."""
        value = self._values.get(keyword)
        return value.words[0] if value else default

    def optional(self, keyword: str) -> str | None:
        """One word, or None when it is not set, or set to none."""
        word = self.word(keyword, "none")
        return None if word.lower() == "none" else word

    def flag(self, keyword: str, *, default: bool) -> bool:
        """Yes or no."""
        return self.choice(keyword, {"yes": True, "true": True, "no": False, "false": False}, default=default)

    def choice(self, keyword: str, choices: Mapping[str, T], *, default: T) -> T:
        """One of a few words."""
        value = self._values.get(keyword)
        if value is None:
            return default
        try:
            return choices[value.words[0].lower()]
        except KeyError:
            raise self.error(keyword, f"is not one of {', '.join(choices)}") from None

    def port(self) -> int:
        """The port, 22 unless set."""
        word = self.word("port", "22")
        if not re.fullmatch(r"\d{1,5}", word, re.ASCII) or not 1 <= int(word) <= 65535:
            raise self.error("port", "is not a port from 1 to 65535")
        return int(word)

    def seconds(self, keyword: str) -> int | None:
        """A time such as 90 or 1m30s, in seconds (sshd_config(5), TIME FORMATS)."""
        word = self.optional(keyword)
        if word is None:
            return None
        parts = re.findall(r"(\d{1,9})([smhdw]?)", word.lower(), re.ASCII)
        if "".join(number + unit for number, unit in parts) != word.lower():
            raise self.error(keyword, "is not a time")
        return sum(int(number) * _UNITS[unit] for number, unit in parts)

    def paths(self, keyword: str, default: tuple[str, ...] = ()) -> tuple[Path, ...]:
        """File names, filled in."""
        value = self._values.get(keyword)
        try:
            return self._expand(value.words if value else default)
        except TokenError as error:
            raise self.error(keyword, str(error)) from None

    def _expand(self, words: tuple[str, ...]) -> tuple[Path, ...]:
        return tuple(expand_path(word, self._tokens) for word in words if word.lower() != "none")

    def expanded(self, keyword: str) -> str | None:
        """One value with its tokens filled in, or None."""
        word = self.optional(keyword)
        try:
            return None if word is None else expand(word, self._tokens)
        except TokenError as error:
            raise self.error(keyword, str(error)) from None

    def error(self, keyword: str, text: str) -> ConfigError:
        """A complaint that names file and line."""
        value = self._values.get(keyword)
        shown = f" {value.words[0][:60]!r}" if value else ""
        return ConfigError(f"{value.where + ': ' if value else ''}{keyword}{shown}: {text}")

    def identity_files(self, first: tuple[Path, ...]) -> tuple[Path, ...]:
        """Key files: those of the command line, then those of the file, else the usual ones."""
        named = self.paths("identityfile")
        usual = () if first or "identityfile" in self._values else self._expand(_IDENTITIES)
        return tuple(dict.fromkeys((*first, *named, *usual)))

    def agent(self) -> Path | None:
        """The socket of the ssh-agent to ask (IdentityAgent, else $SSH_AUTH_SOCK)."""
        word = self.word("identityagent", "SSH_AUTH_SOCK")
        if word.lower() == "none":
            return None
        if word == "SSH_AUTH_SOCK" or re.fullmatch(r"\$\w+", word):
            path = os.environ.get(word.lstrip("$"), "")
            return Path(path) if path else None
        return self.paths("identityagent")[0]

    def methods(self) -> tuple[str, ...]:
        """How to log in, in the order of preference."""
        allowed = {
            "publickey": self.flag("pubkeyauthentication", default=True),
            "password": self.flag("passwordauthentication", default=True),
            "keyboard-interactive": self.flag("kbdinteractiveauthentication", default=True),
        }
        preferred = self.word("preferredauthentications", ",".join(METHODS)).split(",")
        return tuple(method for method in preferred if allowed.get(method, False))

    def jumps(self) -> tuple[Jump, ...]:
        """The hops of ProxyJump, the first one being nearest to us."""
        text = self.expanded("proxyjump")
        return tuple(self._jump(each) for each in text.split(",")) if text else ()

    def _jump(self, text: str) -> Jump:
        # A user name may itself hold an "@" (a Kerberos principal), so the last one counts.
        user, _, place = text.strip().removeprefix("ssh://").rstrip("/").rpartition("@")
        found = re.fullmatch(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::(\d{1,5}))?", place, re.ASCII)
        if found is None or (found[3] and not 1 <= int(found[3]) <= 65535):
            raise self.error("proxyjump", f"{text.strip()[:60]!r} is not [user@]host[:port]")
        return Jump(found[1] or found[2], user or None, int(found[3]) if found[3] else None)

    def strict(self) -> Strict:
        """What to do about a host key that is not known."""
        return self.choice("stricthostkeychecking", _STRICT, default="yes")

    def family(self) -> socket.AddressFamily:
        """IPv4, IPv6 or both."""
        return self.choice("addressfamily", _FAMILIES, default=socket.AF_UNSPEC)

    def known_hosts(self, user: Path | None) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
        """The known_hosts files: the user's (one given on the command line replaces them), the system's."""
        own = (user,) if user else self.paths("userknownhostsfile", _USER_KNOWN_HOSTS)
        return own, self.paths("globalknownhostsfile", _GLOBAL_KNOWN_HOSTS)
