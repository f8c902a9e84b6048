# SPDX-License-Identifier: Apache-2.0
"""What crash(8) tells by its commands, told by drgn, which runs this: a file for each, in the working directory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from drgn import Object, Program
from drgn.helpers.linux.cpumask import for_each_online_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.percpu import per_cpu
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.printk import get_dmesg
from drgn.helpers.linux.sched import task_cpu


def _words(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _who(task: Object) -> str:
    return f"PID: {task.pid.value_()} CPU: {task_cpu(task)} COMMAND: {_words(task.comm.string_())}"


def _sys(dump: Program) -> Iterator[str]:
    uts = dump["init_uts_ns"].name
    for name in ("release", "version", "nodename", "machine"):
        yield f"{name.upper():>12}: {_words(getattr(uts, name).string_())}"
    yield f"{'TASKS':>12}: {sum(1 for _ in for_each_task(dump))}"
    yield _who(dump.crashed_thread().object)


def _log(dump: Program) -> Iterator[str]:
    yield _words(get_dmesg(dump))


def _bt(dump: Program) -> Iterator[str]:
    thread = dump.crashed_thread()
    yield _who(thread.object)
    yield str(thread.stack_trace())


def _bt_all(dump: Program) -> Iterator[str]:
    for cpu in for_each_online_cpu(dump):
        task = per_cpu(dump["runqueues"], cpu).curr
        yield _who(task)
        yield str(dump.stack_trace(task))


def _ps(dump: Program) -> Iterator[str]:
    yield from (f"{task.pid.value_():8} {_words(task.comm.string_())}" for task in for_each_task(dump))


def _modules(dump: Program) -> Iterator[str]:
    for module in list_for_each_entry("struct module", dump["modules"].address_of_(), "list"):
        yield f"{_words(module.name.string_())} taints={module.taints.value_():#x}"


SECTIONS: dict[str, Callable[[Program], Iterator[str]]] = {
    "sys": _sys,
    "log": _log,
    "bt": _bt,
    "bt-all": _bt_all,
    "ps": _ps,
    "modules": _modules,
}


def tell(dump: Program) -> None:
    """Write what each section tells; one that cannot be told costs no other."""
    for name, told in SECTIONS.items():
        try:
            lines = [f"{line}\n" for line in told(dump)]
        except Exception as error:  # noqa: BLE001 - of a broken dump nobody knows what is raised
            print(f"drgn: {name}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        Path(name).write_text("".join(lines), encoding="utf-8")


# drgn runs a script with the dump as `prog`.
tell(globals()["prog"])
