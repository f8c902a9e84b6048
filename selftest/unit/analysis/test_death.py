# SPDX-License-Identifier: Apache-2.0
"""How a kernel died, out of real consoles, written logs and any bytes at all."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.analysis import Death, read_death, suspects
from kdumpcheck.analysis.signatures import SIGNATURES, recognise

CONSOLES = sorted((Path(__file__).parents[1] / "crash" / "consoles").glob("*.log.gz"))
LOGS = sorted((Path(__file__).parent / "logs").glob("*.log"))


def death(name: str) -> Death:
    return read_death((Path(__file__).parent / "logs" / f"{name}.log").read_bytes())


@pytest.mark.parametrize("console", CONSOLES, ids=lambda path: path.name.partition(".log")[0])
def test_real_consoles_tell_that_it_was_asked_for(console: Path) -> None:
    """Also where the capture kernel dies afterwards: that is not the death that is asked about."""
    found = read_death(gzip.decompress(console.read_bytes()))
    assert (found.panic, found.cpu, found.in_capture) == ("sysrq triggered crash", 0, False)
    assert found.task in ("sh", "bash")
    assert (found.release or "").startswith("6.1.0-56")
    assert (found.hardware or "").startswith("QEMU Standard PC")
    assert "sysrq_handle_crash" in [frame.symbol for frame in found.trace if frame.sure]
    assert [each.name for each, _ in recognise(found)] == ["sysrq"]


def test_a_capture_kernel_alone_that_runs_out_of_memory_is_named() -> None:
    console = gzip.decompress(
        next(path for path in CONSOLES if "suse_legacy-crashkernel-96M" in path.name).read_bytes()
    )
    capture = console[console.index(b"Linux version ") :]
    found = read_death(capture)
    assert found.in_capture
    assert found.memory
    assert "capture-memory" in [each.name for each, _ in recognise(found)]


def test_of_two_crashes_on_a_console_the_last_counts() -> None:
    first, second = (path.read_bytes() for path in LOGS if path.stem in ("hung-task", "kernel-bug"))
    boot = b"[    0.000000] Linux version 5.14.21 (x)\n"
    found = read_death(boot + first + boot + second)
    assert found.headline == "kernel BUG at fs/xfs/xfs_message.c:110!"


def test_an_oops_says_more_than_the_panic_it_ends_in() -> None:
    found = death("qlogic-qed")
    assert found.headline == "BUG: kernel NULL pointer dereference, address: 0000000000004354"
    assert found.panic == "Fatal exception"
    assert (found.task, found.pid, found.cpu) == ("sadc", 1380762, 28)
    assert found.release == "5.14.21-150500.55.39-default"
    assert found.taints == ("W: the kernel had warned before",)
    assert found.kdump_loaded is True
    assert str(found.at) == "qed_get_current_link+0x11 [qed]"
    assert [(frame.symbol, frame.module, frame.sure) for frame in found.trace][:3] == [
        ("qede_get_link_ksettings", "qede", True),
        ("duplex_show", None, False),
        ("duplex_show", None, True),
    ]
    assert found.warnings == ("WARNING: CPU: 2 PID: 77 at net/sched/sch_generic.c:525 dev_watchdog+0x24e/0x260",)
    assert found.before[-1] == "qede 0000:41:00.0 hsn0: Link is down"
    assert [module.name for module in found.modules] == ["qede", "qed", "xfs", "raid1", "ceph"]


def test_suspects_are_ranked_with_their_reasons() -> None:
    ranked = suspects(death("null-pointer"))
    assert [each.module for each in ranked] == ["kfabric", "lnet", "nvidia"]
    assert ranked[0].reasons == (
        "the instruction that failed is in it, in kfi_post",
        "it is built outside the kernel's tree",
        "it is unsigned",
    )
    assert ranked[1].reasons[0] == "lnet_send is on the stack"
    assert "it is proprietary" in ranked[2].reasons


def test_a_log_that_ends_without_a_word_says_so() -> None:
    found = read_death(b"[ 1.0] Linux version 6.4\n[ 2.0] all is well\n")
    assert (found.headline, found.before) == (None, ("Linux version 6.4", "all is well"))


#: A death that is two known ones at once; what real consoles tell, above, has no written log.
ALSO = {"qlogic-qed": {"null-pointer"}}
ON_CONSOLES = {"sysrq", "capture-memory"}


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.stem)
def test_each_log_is_known_by_its_own_signature_alone(log: Path) -> None:
    assert {each.name for each, _ in recognise(death(log.stem))} == {log.stem, *ALSO.get(log.stem, ())}


def test_each_signature_has_a_log_or_a_console() -> None:
    assert {log.stem for log in LOGS} | ON_CONSOLES == set(SIGNATURES)


PIECES = st.sampled_from(
    [line for path in LOGS for line in path.read_bytes().splitlines(keepends=True)]
    + [
        b"[    0.000000] Linux version 6.4.0\n",
        b"[    0.1] Command line: elfcorehdr=0x1\n",
        b"\x00\xff\n",
        b"Modules linked in:\n",
    ]
)


@given(st.one_of(st.binary(max_size=2000), st.lists(PIECES, max_size=40).map(b"".join)))
def test_any_bytes_give_a_death_of_printable_words(log: bytes) -> None:
    found = read_death(log)
    suspects(found)
    recognise(found)
    words = (found.headline, found.panic, found.task, found.hardware, *found.before, *found.story, *found.memory)
    assert all(word is None or word.isprintable() for word in words)
