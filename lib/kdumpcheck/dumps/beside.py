# SPDX-License-Identifier: Apache-2.0
"""What is saved beside a vmcore: the kernel's last words, and what README.txt says of the saving."""

from __future__ import annotations

import re

LOG_NAMES = re.compile(r"dmesg\.txt|dmesg|vmcore-dmesg\.txt|dmesg\.\d{12}")
"""What each kdump calls the crashed kernel's log."""
README = "README.txt"
TAIL = 1 << 20
"""Bytes of a log's end in which the panic is looked for."""
#: The lines by which a kernel says that it is at its end, and those that say why just before.
_PANIC = re.compile(r"Kernel panic - not syncing: .*|sysrq: Trigger a crash.*|SysRq : Trigger a crash.*")
_CAUSE = re.compile(
    r"BUG: .*|kernel BUG at .*|Oops: .*|general protection fault.*|[Uu]nable to handle .*|divide error: .*"
    r"|invalid opcode: .*|stack segment: .*|Internal error: .*|watchdog: BUG: .*|NMI watchdog: Watchdog detected .*"
)
#: As grep(1) takes it, for the probe.
GREP = (
    "Kernel panic - not syncing: |Trigger a crash|BUG: |kernel BUG at |Oops: |general protection fault"
    "|nable to handle |divide error: |invalid opcode: |stack segment: |Internal error: |Watchdog detected "
)
#: A panic that only says that something else was fatal.
_VAGUE = ("Fatal exception", "Aiee, killing interrupt handler")
_LONGEST = 200
_README_RELEASE = re.compile(r"^Kernel version *: *(\d[\w.+~-]{2,100})\s*$", re.MULTILINE)


def panic_line(log: bytes) -> str | None:
    """The line that says why the kernel crashed, without its time; None when there is none."""
    panic = cause = None
    for line in log[-TAIL:].decode("utf-8", "replace").splitlines():
        if found := panic_in(line):
            if panic is None or is_trigger(panic):
                panic = found
        elif panic is None and cause is None:
            cause = cause_in(line)
    if panic is None or (cause is not None and is_vague(panic)):
        panic = cause or panic
    return shown(panic) if panic else None


def panic_in(line: str) -> str | None:
    """What a line says, without its time, when by it a kernel ends."""
    found = _PANIC.search(line)
    return found[0] if found else None


def cause_in(line: str) -> str | None:
    """What a line says, without its time, when a kernel is in trouble from which a panic may follow."""
    found = _CAUSE.search(line)
    return found[0] if found else None


def is_vague(panic: str) -> bool:
    """Whether a panic only says that something before it was fatal."""
    return panic.partition("syncing: ")[2].startswith(_VAGUE)


def is_trigger(panic: str) -> bool:
    """Whether these are the words of somebody's request to crash, before the panic that it makes."""
    return panic.startswith(("sysrq: ", "SysRq : "))


def readme_word(readme: bytes) -> str:
    """What README.txt says of the vmcore; "" when it says nothing of it, as that of kdump before 1.9."""
    for line in readme[:TAIL].decode("utf-8", "replace").splitlines():
        if line.startswith("vmcore status:") or "crash dump is likely incomplete" in line:
            return shown(line)
    return ""


def readme_release(readme: bytes) -> str | None:
    """The kernel that crashed, as README.txt of every kdump names it; None when it does not."""
    found = _README_RELEASE.search(readme[:TAIL].decode("utf-8", "replace"))
    return found[1] if found else None


def shown(text: str) -> str:
    """One printable line of what a dump or its node says."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)[:_LONGEST]
