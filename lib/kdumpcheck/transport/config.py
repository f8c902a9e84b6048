# SPDX-License-Identifier: Apache-2.0
"""The operator's SSH configuration, read once per run and asked for each host."""

from __future__ import annotations

import hashlib
import os
import pwd
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdumpcheck.transport.answers import Answers, Tokens
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.resolve import addresses
from kdumpcheck.transport.settings import SshSettings
from kdumpcheck.transport.sshconfig import ConfigError, Line, Lookup, read
from kdumpcheck.transport.target import Target, host_and_port
from kdumpcheck.transport.tokens import expand

_SYSTEM = Path("/etc/ssh")
_EXEC_SECONDS = 10.0
_RESOLVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Query:
    """Whom to look up: the name an operator would give to `ssh`, and what is known of it already."""

    name: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    identity_file: Path | None = None


class Config:
    """ssh_config as this run sees it; reading it raises `ConfigError` with file and line."""

    def __init__(self, settings: SshSettings) -> None:
        self._settings = settings
        self._files = _files(settings.ssh_config)
        self._keys = tuple(_key_file(path) for path in settings.identity_files)
        self._known_hosts = settings.known_hosts.expanduser() if settings.known_hosts else None
        self._local_user = _local_user()

    def target(self, query: Query, deadline: Deadline) -> Target:
        """Everything needed to reach one host; `ConfigError` if the configuration does not say it well."""
        lookup = Lookup(query.name, query.user, self._local_user, lambda _: False)
        lookup.run = lambda command: _succeeds(command, self._tokens(lookup, query), deadline)
        self._walk(lookup)
        canonical = _canonical(lookup, deadline)
        if canonical or lookup.wants_final:
            lookup.settle(canonical or lookup.hostname, canonical=canonical is not None)
            self._walk(lookup)
        answers = Answers(lookup.values, self._tokens(lookup, query))
        return self._target(query, lookup, answers)

    def _walk(self, lookup: Lookup) -> None:
        for lines in self._files:
            lookup.walk(lines)

    def _target(self, query: Query, lookup: Lookup, answers: Answers) -> Target:
        settings = self._settings
        host = (query.address or lookup.hostname.lower()).strip("[]")
        port = query.port or answers.port()
        alias = answers.optional("hostkeyalias")
        names = (alias,) if alias else tuple(dict.fromkeys((host.lower(), query.name.lower())))
        keys = (_key_file(query.identity_file), *self._keys) if query.identity_file else self._keys
        own, system = answers.known_hosts(self._known_hosts)
        return Target(
            name=query.name,
            host=host,
            port=port,
            user=lookup.login,
            known_as=names if alias else tuple(host_and_port(name, port) for name in names),
            known_weakly=() if alias or port == 22 else names,
            user_known_hosts=own,
            global_known_hosts=system,
            strict=answers.strict(),
            hash_known_hosts=answers.flag("hashknownhosts", default=False),
            identity_files=answers.identity_files(keys),
            certificate_files=answers.paths("certificatefile"),
            identities_only=answers.flag("identitiesonly", default=False),
            agent=answers.agent(),
            methods=answers.methods(),
            jumps=answers.jumps(),
            proxy_command=answers.expanded("proxycommand"),
            connect_timeout=answers.seconds("connecttimeout") or settings.connect_timeout,
            keepalive=answers.seconds("serveraliveinterval") or settings.keepalive,
            family=answers.family(),
            bind_address=answers.optional("bindaddress"),
        )

    def _tokens(self, lookup: Lookup, query: Query) -> Tokens:
        host = query.address or lookup.hostname
        values = lookup.values
        port = str(query.port or (values["port"].words[0] if "port" in values else 22))
        jump = values["proxyjump"].words[0] if "proxyjump" in values else ""
        alias = values["hostkeyalias"].words[0] if "hostkeyalias" in values else query.name
        local = socket.gethostname()
        digest = hashlib.sha1(f"{local}{host}{port}{lookup.login}{jump}".encode(), usedforsecurity=False)
        return {
            "h": host, "n": query.name, "p": port, "r": lookup.login, "u": self._local_user,
            "i": str(os.getuid()), "d": str(Path("~").expanduser()), "L": local.partition(".")[0],
            "j": jump, "k": alias, "C": digest.hexdigest(), "l": socket.getfqdn,
        }  # fmt: skip


def _files(chosen: Path | None) -> tuple[tuple[Line, ...], ...]:
    base = Path("~/.ssh").expanduser()
    if chosen is not None:
        return () if str(chosen) == "none" else (read(chosen.expanduser(), base),)
    usual = ((base / "config", base), (_SYSTEM / "ssh_config", _SYSTEM))
    return tuple(read(path, start) for path, start in usual if path.is_file())


def _key_file(path: Path) -> Path:
    # One that was named has to be there; its public half is enough for a key that ssh-agent holds.
    path = path.expanduser()
    if not path.is_file() and not path.with_name(f"{path.name}.pub").is_file():
        raise ConfigError(f"identity file {path} does not exist")
    return path


def _local_user() -> str:
    # A container may run under a uid that has no name.
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return os.environ.get("USER") or str(os.getuid())


def _succeeds(command: str, tokens: Tokens, deadline: Deadline) -> bool:
    limit = deadline.within(_EXEC_SECONDS).remaining()
    argv = ["/bin/sh", "-c", expand(command, tokens)]
    try:
        done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise ConfigError(f"Match exec {command[:60]!r} did not end in {limit:.0f} s") from None
    return done.returncode == 0


def _canonical(lookup: Lookup, deadline: Deadline) -> str | None:
    """The name to go on with (ssh_config(5), CanonicalizeHostname), or None when it is to stay as it is."""

    def words(keyword: str, default: str) -> Sequence[str]:
        value = lookup.values.get(keyword)
        return value.words if value else (default,)

    mode = words("canonicalizehostname", "no")[0].lower()
    if mode not in ("yes", "true", "always"):
        return None
    proxied = bool({"proxyjump", "proxycommand"} & lookup.values.keys())
    dots = words("canonicalizemaxdots", "1")[0]
    if (proxied and mode != "always") or lookup.hostname.count(".") > (int(dots) if dots.isdecimal() else 1):
        return lookup.hostname
    names = (f"{lookup.hostname}.{domain}" for domain in words("canonicaldomains", "none") if domain != "none")
    found = next((name for name in names if _resolves(name, deadline)), None)
    if found is None and words("canonicalizefallbacklocal", "yes")[0].lower() == "no":
        raise ConfigError(f"{lookup.hostname!r} is in none of CanonicalDomains, and may not be used as it is")
    return found or lookup.hostname


def _resolves(name: str, deadline: Deadline) -> bool:
    try:
        return bool(addresses(name, 22, socket.AF_UNSPEC, deadline.within(_RESOLVE_SECONDS)))
    except OSError:
        return False
