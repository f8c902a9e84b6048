# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.facts.reservation import _REGION
from kdumpcheck.lab.container_files import fed_files, upper_layer, upper_links

MIB = 1 << 20


@pytest.mark.parametrize(
    ("cmdline", "low", "high"),
    [
        ("quiet crashkernel=160M", 160, 0),
        ("crashkernel=0x1", 0, 0),
        ("crashkernel=1G", 0, 0),  # more than there is below 4 GiB: nothing is reserved
        ("crashkernel=1G,high crashkernel=72M,low", 72, 1024),
        ("crashkernel=360M@16M", 360, 0),
        ("crashkernel=512M,high crashkernel=72M,low", 72, 512),
        ("crashkernel=360M crashkernel=512M,high", 360, 0),  # the kernel ignores ,high beside a plain one
        ("crashkernel=72M,low", 0, 0),
        ("quiet", 0, 0),
    ],
)
def test_what_the_kernel_says_follows_its_command_line(cmdline: str, low: int, high: int) -> None:
    fed = fed_files(cmdline)
    assert fed["proc/cmdline"] == cmdline + "\n"
    assert int(fed["sys/kernel/kexec_crash_size"]) == (low + high) * MIB
    regions = [(int(first, 16), int(last, 16)) for first, last in _REGION.findall(fed["proc/iomem"])]
    assert [(last - first + 1) // MIB for first, last in regions] == [size for size in (low, high) if size]
    assert [first >= 1 << 32 for first, _ in regions] == [place for place, size in ((False, low), (True, high)) if size]


def test_nothing_is_loaded_before_kdump_has_run() -> None:
    assert fed_files("crashkernel=1M")["sys/kernel/kexec_crash_loaded"] == "0\n"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """The stand-ins, working on a directory instead of /sys/kernel."""
    for path, file in upper_layer("127.0.3.1", "6.1-test", "/r/up", "/r/work").items():
        if file.mode & 0o111:
            tool = tmp_path / Path(path).name
            tool.write_text(file.text.replace("/sys/kernel", str(tmp_path)).replace("uname.host", "uname"))
            tool.chmod(file.mode)
    (tmp_path / "kexec_crash_size").write_text("1048576\n")
    (tmp_path / "kexec_crash_loaded").write_text("0\n")
    (tmp_path / "vmlinuz").touch()
    (tmp_path / "initrd").touch()
    return tmp_path


def call(tools: Path, tool: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tools / tool, *words], capture_output=True, text=True, check=False, cwd=tools)


def loaded(tools: Path) -> str:
    return (tools / "kexec_crash_loaded").read_text().strip()


def test_uname_answers_for_the_nodes_kernel_and_leaves_the_rest_to_the_real_one(tools: Path) -> None:
    assert call(tools, "uname", "-r").stdout == "6.1-test\n"
    assert call(tools, "uname", "-m").stdout.strip() == os.uname().machine


def test_kexec_loads_and_unloads(tools: Path) -> None:
    load = ("-p", "vmlinuz", "--append=root=kdump -x", "--initrd=initrd", "-s")
    assert call(tools, "kexec", *load).returncode == 0
    assert loaded(tools) == "1"
    assert call(tools, "kexec", "-p", "-u").returncode == 0
    assert loaded(tools) == "0"


def test_kexec_refuses_without_crash_memory(tools: Path) -> None:
    (tools / "kexec_crash_size").write_text("0\n")
    refused = call(tools, "kexec", "-p", "vmlinuz", "--initrd=initrd")
    assert refused.returncode != 0
    assert "not reserved" in refused.stderr
    assert loaded(tools) == "0"


@pytest.mark.parametrize("missing", ["vmlinuz", "initrd"])
def test_kexec_refuses_what_it_cannot_read(tools: Path, missing: str) -> None:
    (tools / missing).unlink()
    assert call(tools, "kexec", "-p", "vmlinuz", "--initrd=initrd").returncode != 0
    assert loaded(tools) == "0"


def test_kexec_never_claims_to_reboot(tools: Path) -> None:
    assert call(tools, "kexec", "-e").returncode == 1


def test_sshd_listens_on_the_nodes_address_alone() -> None:
    config = upper_layer("127.0.3.7", "6.1", "/u", "/w")["etc/ssh/sshd_config.d/lab-container.conf"].text
    assert config == "ListenAddress 127.0.3.7\nPort 2222\n"


def test_the_kernel_state_is_fed_before_anything_looks() -> None:
    unit = upper_layer("a", "r", "/u", "/w")["etc/systemd/system/lab-kernel-state.service"].text
    assert "Before=sysinit.target" in unit
    assert upper_links()["etc/systemd/system/sysinit.target.wants/lab-kernel-state.service"].endswith(".service")
