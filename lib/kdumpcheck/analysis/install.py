# SPDX-License-Identifier: Apache-2.0
"""Getting the debuginfo of a kernel that died: for one zypper command, and nothing of it stays but the package.

The repository is named for that one command (zypper --plus-repo), so no list of repositories changes. A login is in a
credentials file of zypper's own (mode 0600, /etc/zypp/credentials.d) as long as the command runs, and never in an
address, an argument or an environment. A proxy is set for that command alone.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from kdumpcheck.analysis.report import Report
from kdumpcheck.dumps.text import shown_line
from kdumpcheck.fleet.arguments import UsageError
from kdumpcheck.transport import Secret

CREDENTIALS = "/etc/zypp/credentials.d"
"""Where zypper looks for the file that ?credentials= of an address names (zypper(8))."""
_EMBEDDED = "https://packages.local/repository/csm-{release}-embedded"
_ADDRESS = re.compile(r"https?://[^\s'\"@?#]{1,500}")
_RELEASE = re.compile(r"\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?")
_FAILED, _WOULD = 1, 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done; the token is not in it."""

    package: str
    repository: str
    user: str | None
    proxy: str | None

    def lines(self) -> list[str]:
        """For a person."""
        return [
            f"install {self.package}",
            f"from {self.repository}, named for this one command",
            *([f"logged in as {self.user}, by a credentials file that is removed afterwards"] if self.user else []),
            *([f"through the proxy {self.proxy}, for this one command"] if self.proxy else []),
        ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the installation."""
    group = parser.add_argument_group("debuginfo", "get what crash(8) needs; a plan, unless --apply is given")
    group.add_argument("--install-debuginfo", action="store_true", help="install the debuginfo of the kernel that died")
    group.add_argument("--apply", action="store_true", help="do it")
    group.add_argument("--csm-release", metavar="X.Y.Z", help="from the embedded repository of this CSM release")
    group.add_argument("--repository", metavar="URL", help="from this repository")
    group.add_argument("--repository-user", metavar="NAME", help="its login (default: $ARTIFACTORY_USER)")
    group.add_argument("--repository-token-file", type=Path, metavar="FILE", help="its token, in a file of mode 0600")
    group.add_argument("--ask-repository-token", action="store_true", help="ask for its token")
    group.add_argument("--proxy", metavar="URL", help="an https proxy, for the download alone")


def run(arguments: argparse.Namespace, report: Report, do: Callable[[str], bytes]) -> int | None:
    """Plan or do it; the exit status, or None when it was done and the analysis can go on. Raises `UsageError`."""
    plan = planned(arguments, report)
    for line in plan.lines():
        print(f"  {line}", file=sys.stderr)
    if not arguments.apply:
        print("nothing was changed: add --apply to do it", file=sys.stderr)
        return _WOULD
    token = _token(arguments) if plan.user is not None else None
    answer = do(script(plan, token)).decode("utf-8", "replace")
    said, _, code = answer.strip().rpartition("\n")
    if code != "kdumpcheck: 0":
        words = "; ".join(line.strip() for line in said.splitlines()[-3:]) or "it did not come to its end"
        print(f"kdumpcheck analyze: {plan.package} was not installed: {shown_line(words)}", file=sys.stderr)
        return _FAILED
    print(f"installed {plan.package}", file=sys.stderr)
    return None


def planned(arguments: argparse.Namespace, report: Report) -> Plan:
    """What would be done. Raises `UsageError`."""
    if report.package is None:
        raise UsageError(f"{report.given.place}: it is not known which kernel died, or it is no SUSE kernel")
    if (arguments.csm_release is None) == (arguments.repository is None):
        raise UsageError("--install-debuginfo needs --csm-release X.Y.Z or --repository URL, one of them")
    if arguments.csm_release is not None:
        if not _RELEASE.fullmatch(arguments.csm_release):
            raise UsageError(f"--csm-release {arguments.csm_release}: a release is as 1.5.2")
        repository = _EMBEDDED.format(release=arguments.csm_release)
    else:
        repository = _address("--repository", arguments.repository)
    user = arguments.repository_user
    if user is None and arguments.repository is not None:
        user = os.environ.get("ARTIFACTORY_USER") or None
    if user is not None and not re.fullmatch(r"[^\s=]{1,200}", user):
        raise UsageError("--repository-user: a login has no blanks")
    proxy = _address("--proxy", arguments.proxy) if arguments.proxy is not None else None
    return Plan(str(report.package), repository, user, proxy)


def script(plan: Plan, token: str | None) -> str:
    """The sh script of the installation. It goes to a shell's standard input: a token in it is in no argument."""
    words = {
        "package": plan.package,
        "repository": plan.repository,
        "proxy": plan.proxy or "",
        "user": plan.user or "",
        "token": token or "",
        "directory": CREDENTIALS,
        "name": f"kdumpcheck-{secrets.token_hex(6)}",
    }
    values = "".join(f"{name}={shlex.quote(value)}\n" for name, value in words.items())
    return values + resources.files(__package__).joinpath("install.sh").read_text(encoding="utf-8")


def _token(arguments: argparse.Namespace) -> str:
    if arguments.repository_token_file is not None:
        token = Secret.from_file(arguments.repository_token_file.expanduser()).reveal()
    elif arguments.ask_repository_token or not os.environ.get("ARTIFACTORY_TOKEN"):
        token = Secret.from_prompt("Token for the repository: ").reveal()
    else:
        token = os.environ["ARTIFACTORY_TOKEN"]
    if not token.isprintable() or " " in token:
        raise UsageError("the token of the repository has blanks or unprintable characters in it")
    return token


def _address(option: str, given: str) -> str:
    if "@" in given:
        raise UsageError(f"{option}: no login belongs into an address: use --repository-user and a token file")
    if not _ADDRESS.fullmatch(given):
        raise UsageError(f"{option} {given}: it is no address (https://...)")
    return given
