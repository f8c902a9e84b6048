# SPDX-License-Identifier: Apache-2.0
"""ssh_config is read as OpenSSH reads it: `ssh -G` is the judge."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdumpcheck.transport.config import Config, Query
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.settings import SshSettings
from kdumpcheck.transport.sshconfig import ConfigError, parse, split
from kdumpcheck.transport.target import Jump, Target

SOON = Deadline.after(3600)

#: An ssh_config, the name that is asked for, and the login name if one is given.
CASES: dict[str, tuple[str, str, str | None]] = {
    "nothing": ("", "ncn-w001", None),
    "first value wins": ("Host *\n Port 1\nHost ncn-*\n Port 2\n", "ncn-w001", None),
    "before any host": ("Port 7\nHost x\nPort 8\n", "x", None),
    "name and token": ("HostName %h.local%%net\n", "ncn-w001", None),
    "upper case": ("Host NCN-W001\n Port 3\nHost ncn-w001\n Port 4\n", "NCN-W001", None),
    "host name is lowered": ("HostName NCN.Example\n", "x", None),
    "negated pattern": ("Host !ncn-w001 *\n Port 4\nHost * !bar\n Port 5\n", "ncn-w001", None),
    "question mark and no brackets": ("Host [n]cn-w001\n Port 9\nHost ?cn-w001\n Port 10\n", "ncn-w001", None),
    "equals and quotes": ('Port=2222\nUser = "the user"\n', "x", None),
    "comment at the end": ("Port 2222 # not 22\n", "x", None),
    "quoted file": ('IdentityFile "~/a key"\nIdentityFile ~/b\\ c\n', "x", None),
    "files are collected once": ("IdentityFile a\nIdentityFile b\nHost x\nIdentityFile a\nIdentityFile c\n", "x", None),
    "proxy command keeps its quotes": ('ProxyCommand nc "%h" %p # x\n', "x", None),
    "none before some": ("ProxyJump none\nHost x\n ProxyJump y\n", "x", None),
    "jump before command": ("ProxyJump y\nProxyCommand nc %h %p\n", "x", None),
    "command before jump": ("ProxyCommand nc %h %p\nProxyJump y\n", "x", None),
    "no command, so no jump": ("ProxyCommand none\nProxyJump y\n", "x", None),
    "hops": ("ProxyJump u@[::1]:22,ssh://z@y:4\n", "x", None),
    "match host": ("HostName a.B\nMatch host a.b\n Port 4\n", "x", None),
    "match several": ("Match host x user root\n Port 4\n", "x", "root"),
    "match negated": ("Match !host x\n Port 4\nMatch !host y\n Port 5\n", "x", None),
    "match original": ("HostName y\nMatch originalhost X host y\n Port 4\n", "x", None),
    "match list": ("Match host f*,!foo\n Port 4\nMatch host a,foo\n Port 5\n", "foo", None),
    "match all": ("Match all\n Port 4\n", "x", None),
    "match user that was set": ("User fred\nMatch user f*\n Port 4\n", "x", None),
    "match command succeeds": ('Match exec "test %h = x"\n Port 4\n', "x", None),
    "match command fails": ('Match exec "test %h = y"\n Port 4\n', "x", None),
    "match final sees the real name": ("HostName y\nMatch final\n User q\nHost y\n Port 4\n", "x", None),
    "match final and not canonical": ("Match final host x\n Port 4\nMatch canonical all\n Port 5\n", "x", None),
    "canonical falls back": (
        "CanonicalizeHostname yes\nCanonicalDomains invalid\nMatch canonical all\nPort 5\n", "x", None
    ),
    "user of the command line": ("User fred\n", "x", "wilma"),
    "known hosts": ('UserKnownHostsFile /a/%h ~/b "c d"\nGlobalKnownHostsFile /g\n', "x", None),
    "known hosts none": ("UserKnownHostsFile none\n", "x", None),
    "times": ("ConnectTimeout 1m30s\nServerAliveInterval 2h\n", "x", None),
    "flags": ("IdentitiesOnly yes\nHashKnownHosts yes\nStrictHostKeyChecking accept-new\n", "x", None),
    "more flags": ("StrictHostKeyChecking off\nAddressFamily inet\n", "x", None),
    "alias": ("HostKeyAlias other\nBindAddress 127.0.0.7\n", "x", None),
    "unknown words are passed over when told so": ("IgnoreUnknown UseKeychain\nUseKeychain yes\nPort 4\n", "x", None),
    "indented and tabs": ("\tHost\tx\n\t\tPort\t44\n", "x", None),
}  # fmt: skip


@pytest.fixture
def target(tmp_path: Path) -> Callable[..., Target]:
    """What one ssh_config says: `target("Port 22", "name")`."""

    def look(text: str, name: str = "x", login: str | None = None, **query: object) -> Target:
        path = tmp_path / "config"
        path.write_text(text)
        config = Config(SshSettings(ssh_config=path))
        return config.target(Query(name, **{"user": login, **query}), SOON)  # type: ignore[arg-type] # passed on

    return look


def openssh(path: Path, name: str, user: str | None) -> dict[str, list[str]]:
    """What OpenSSH makes of it."""
    assert shutil.which("ssh"), "ssh is not installed: apt-get install openssh-client"
    argv = ["ssh", "-G", "-F", str(path), *(["-l", user] if user else []), name]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    answers: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        keyword, _, value = line.partition(" ")
        answers.setdefault(keyword, []).append(value)
    return answers


STRICT = {"ask": "yes", "true": "yes", "accept-new": "accept-new", "false": "no"}


def seconds(target: float | None) -> str:
    return "none" if target is None else str(round(target))


@pytest.mark.parametrize("case", CASES)
def test_it_is_read_as_openssh_reads_it(tmp_path: Path, target: Callable[..., Target], case: str) -> None:
    text, name, user = CASES[case]
    ours = target(text, name, user)
    theirs = openssh(tmp_path / "config", name, user)
    assert (ours.host, str(ours.port), ours.user) == (theirs["hostname"][0], theirs["port"][0], theirs["user"][0])
    assert ",".join(map(written, ours.jumps)) == theirs.get("proxyjump", [""])[0]
    assert (ours.proxy_command is not None) == ("proxycommand" in theirs)
    assert ours.identities_only == (theirs["identitiesonly"][0] == "yes")
    assert ours.hash_known_hosts == (theirs["hashknownhosts"][0] == "yes")
    assert ours.strict == STRICT[theirs["stricthostkeychecking"][0]]
    if "identityfile" in text.lower():
        home = str(Path.home())
        assert [str(path) for path in ours.identity_files] == [
            file.replace("~", home, 1) for file in theirs["identityfile"]
        ]
    if "UserKnownHostsFile none" not in text:
        assert " ".join(map(str, ours.user_known_hosts)) == theirs["userknownhostsfile"][0]
        assert " ".join(map(str, ours.global_known_hosts)) == theirs["globalknownhostsfile"][0]
    if theirs["connecttimeout"][0] != "none":
        assert seconds(ours.connect_timeout) == theirs["connecttimeout"][0]


def written(jump: Jump) -> str:
    user = f"{jump.user}@" if jump.user else ""
    port = f":{jump.port}" if jump.port else ""
    return f"{user}[{jump.host}]{port}" if ":" in jump.host else f"{user}{jump.host}{port}"


def test_include_ends_with_what_it_was_in(tmp_path: Path, target: Callable[..., Target]) -> None:
    (tmp_path / "one.conf").write_text("Host inner\n Port 2201\nHost *\n User inside\n")
    (tmp_path / "two.conf").write_text("IdentityFile two\n")
    text = f"Host outer inner\n Include {tmp_path}/*.conf {tmp_path}/none\n HostName after\nHost *\n Port 2300\n"
    for name in ("outer", "inner", "other"):
        ours = target(text, name)
        theirs = openssh(tmp_path / "config", name, None)
        assert (ours.host, str(ours.port), ours.user) == (theirs["hostname"][0], theirs["port"][0], theirs["user"][0])
        assert ("two" in map(str, ours.identity_files)) == ("two" in theirs["identityfile"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Port\n", "config:1: Port has no value"),
        ("\n\nPort 0\n", "config:3: port '0': is not a port"),
        ("Port 22x\n", "is not a port"),
        ('User "a\n', 'config:1: a " is not closed'),
        ("=\n", "is not a keyword and a value"),
        ("Match\n", "config:1: Match has no value"),
        ("Match nonsense x\n", "config:1: Match nonsense is not understood"),
        ("Match host\n", "config:1: Match host needs a value"),
        ("ProxyJump [::1]:x\n", "config:1: proxyjump '[::1]:x': '[::1]:x' is not [user@]host[:port]"),
        ("ProxyJump a:70000\n", "is not [user@]host[:port]"),
        ("ConnectTimeout soon\n", "config:1: connecttimeout 'soon': is not a time"),
        ("StrictHostKeyChecking perhaps\n", "is not one of yes"),
        (f"{'x' * 5000}\n", f"config:1: {'x' * 60} has no value"),
        ("HostName %q\n", "config:1: %q cannot be used here"),
        ("IdentityFile ~/%q\n", "%q cannot be used here"),
        ("IdentityFile ${NO_SUCH_VARIABLE_HERE}/x\n", "the environment has no NO_SUCH_VARIABLE_HERE"),
        ("RevokedHostKeys /etc/ssh/revoked\n", "config:1: revokedhostkeys is not supported here: list the keys"),
        ("ProxyUseFdpass yes\n", "proxyusefdpass is not supported here"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_its_place(target: Callable[..., Target], text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        target(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_include_of_itself_ends(tmp_path: Path, target: Callable[..., Target]) -> None:
    with pytest.raises(ConfigError, match="nested more than 16 deep"):
        target(f"Include {tmp_path}/config\n")


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        Config(SshSettings(ssh_config=tmp_path / "none"))


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_never_ends_is_no_configuration(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "pipe" if kind == "pipe" else Path("/dev/full")
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(ConfigError, match="not a regular file"):
        Config(SshSettings(ssh_config=path))


def test_nor_is_what_is_larger_than_any(tmp_path: Path) -> None:
    path = tmp_path / "vmcore"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(ConfigError, match="larger than 16 MiB"):
        Config(SshSettings(ssh_config=path))


def test_an_empty_device_is_one() -> None:
    Config(SshSettings(ssh_config=Path(os.devnull)))


def test_match_exec_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text('Match exec "sleep 20"\n Port 4\n')
    with pytest.raises(ConfigError, match="did not end in"):
        Config(SshSettings(ssh_config=path)).target(Query("x"), Deadline.after(0.3))


def test_match_exec_runs_only_when_it_can_still_decide(tmp_path: Path, target: Callable[..., Target]) -> None:
    mark = tmp_path / "mark"
    target(f'Match host other exec "touch {mark}"\n Port 4\nHost other\n Match exec "touch {mark}"\n', "x")
    assert mark.exists(), "a Match line is not inside the Host block above it"
    mark.unlink()
    target(f'Match host other exec "touch {mark}"\n Port 4\n', "x")
    assert not mark.exists()


def test_the_inventory_comes_before_the_file(target: Callable[..., Target]) -> None:
    ours = target("HostName 10.0.0.9\nPort 2022\nUser fred\n", "ncn-w001", address="10.0.0.1", port=22, user="root")
    assert (ours.host, ours.port, ours.user) == ("10.0.0.1", 22, "root")
    assert ours.known_as == ("10.0.0.1", "ncn-w001")
    assert ours.known_weakly == ()


def test_names_for_an_unusual_port(target: Callable[..., Target]) -> None:
    ours = target("Port 2222\n", "ncn-w001", address="fe80::1")
    assert ours.known_as == ("[fe80::1]:2222", "[ncn-w001]:2222")
    assert ours.known_weakly == ("fe80::1", "ncn-w001")
    assert ours.place == "[fe80::1]:2222"


def test_keys_of_the_command_line_come_first(tmp_path: Path) -> None:
    path, own, given = tmp_path / "config", tmp_path / "own", tmp_path / "given"
    path.write_text("IdentityFile /c\n")
    own.touch()
    given.with_name("given.pub").touch()  # the private half is in the agent
    config = Config(SshSettings(ssh_config=path, identity_files=(given,)))
    assert config.target(Query("x", identity_file=own), SOON).identity_files == (own, given, Path("/c"))
    with pytest.raises(ConfigError, match=r"identity file .*/none does not exist"):
        config.target(Query("x", identity_file=tmp_path / "none"), SOON)
    with pytest.raises(ConfigError, match=r"identity file .*/none does not exist"):
        Config(SshSettings(ssh_config=path, identity_files=(tmp_path / "none",)))


def test_an_address_in_brackets(target: Callable[..., Target]) -> None:
    assert target("", address="[::1]").host == "::1"


@pytest.mark.parametrize(
    ("text", "agent"),
    [
        ("IdentityAgent none\n", None),
        ("IdentityAgent /run/agent\n", Path("/run/agent")),
        ("IdentityAgent $OTHER_SOCK\n", Path("/other")),
        ("IdentityAgent SSH_AUTH_SOCK\n", Path("/usual")),
        ("", Path("/usual")),
    ],
)
def test_the_agent(
    target: Callable[..., Target], monkeypatch: pytest.MonkeyPatch, text: str, agent: Path | None
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/usual")
    monkeypatch.setenv("OTHER_SOCK", "/other")
    assert target(text).agent == agent


def test_methods_in_the_order_that_is_preferred(target: Callable[..., Target]) -> None:
    assert target("").methods == ("publickey", "keyboard-interactive", "password")
    text = "PreferredAuthentications gssapi-with-mic,password,publickey\nPubkeyAuthentication no\n"
    assert target(text).methods == ("password",)


def test_a_user_name_may_hold_an_at_sign(target: Callable[..., Target]) -> None:
    assert target("ProxyJump me@REALM@gate:2200\n").jumps == (Jump("gate", "me@REALM", 2200),)


def test_short_names_are_completed(target: Callable[..., Target], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdumpcheck.transport.config._resolves", lambda name, deadline: name.endswith(".nmn"))
    text = "CanonicalizeHostname yes\nCanonicalDomains hmn nmn\nHost *.nmn\n User admin\nMatch canonical all\n Port 5\n"
    ours = target(text, "ncn-w001")
    assert (ours.host, ours.user, ours.port) == ("ncn-w001.nmn", "admin", 5)
    with pytest.raises(ConfigError, match="is in none of CanonicalDomains"):
        target(text.replace(" nmn\n", "\nCanonicalizeFallbackLocal no\n"))


def test_our_own_full_name_is_asked_for_only_when_it_is_used(
    target: Callable[..., Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def getfqdn() -> str:
        asked.append("asked")
        return "me.example"

    monkeypatch.setattr("socket.getfqdn", getfqdn)
    target("IdentityFile ~/%h\n")
    assert asked == []
    assert target("IdentityFile /%l\n").identity_files == (Path("/me.example"),)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=200)


@given(TEXT)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse(text, "config", lambda _: [])
    except ConfigError as error:
        assert str(error).startswith("config:")


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), max_size=5))
def test_quoted_words_come_back_as_they_were(words: list[str]) -> None:
    assert split(" ".join(f'"{word}"' for word in words), "here") == tuple(words)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Host", "Match host", "Match originalhost"]),
            st.lists(st.sampled_from(["*", "a", "b", "ab", "!a", "!b", "?", "a*"]), min_size=1, max_size=3),
            st.sampled_from(["Port 1", "Port 2", "HostName a", "HostName b", "User u", "HostName %h"]),
        ),
        max_size=5,
    ),
    st.sampled_from(["a", "b", "ab"]),
)
def test_random_blocks_are_read_as_openssh_reads_them(
    tmp_path: Path, blocks: list[tuple[str, list[str], str]], name: str
) -> None:
    path = tmp_path / "config"
    lines = [f"{kind} {(' ' if kind == 'Host' else ',').join(names)}\n {value}\n" for kind, names, value in blocks]
    path.write_text("".join(lines))
    ours = Config(SshSettings(ssh_config=path)).target(Query(name), SOON)
    theirs = openssh(path, name, None)
    assert (ours.host, str(ours.port), ours.user) == (theirs["hostname"][0], theirs["port"][0], theirs["user"][0])
