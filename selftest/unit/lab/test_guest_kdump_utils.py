# SPDX-License-Identifier: Apache-2.0
"""What stands in for kdump-utils, run here without a node."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.lab.image import DIALECTS
from kdumpcheck.lab.image.content import GUEST
from kdumpcheck.lab.image.rhel import rhel_release, rpm_version_release
from kdumpcheck.lab.image.rpmdb import package_list, read_packages
from kdumpcheck.lab.image.tree import install_tree

UTILS = GUEST / "kdump-utils"
LIB = UTILS / "usr/lib/kdump/kdump-lib.sh"
KVER = "6.1.0-44.el10.x86_64"
HEALTHY = "path /var/crash\ncore_collector makedumpfile -l --message-level 7 -d 31\n"


def run(script: str, conf: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run shell after the functions of one of the node's scripts, with a kdump.conf of one's own."""
    text = (UTILS / script).read_text().replace(". /usr/lib/kdump/kdump-lib.sh", f". {LIB}\nKDUMP_CONFIG_FILE={conf}")
    functions = text.partition("\nexec 9>")[0].partition("\nbuilding=false")[0]
    return subprocess.run(
        ["bash", "-c", f"{functions}\n{program}"], capture_output=True, text=True, check=False, timeout=20
    )


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    path = tmp_path / "kdump.conf"
    path.write_text(HEALTHY)
    return path


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ""),
        (HEALTHY, ""),
        ("# a comment\n\n  path   /var/crash   # another\n", ""),
        ("core_colector makedumpfile\n", "Invalid kdump config option core_colector"),
        ("path\n", "Invalid kdump config value for option 'path'"),
        ("path #/var/crash\n", "Invalid kdump config value for option 'path'"),
        (HEALTHY + "path /srv\n", "Duplicated kdump config value of option path"),
        ("ext4 UUID=1\nxfs UUID=2\n", "More than one dump targets specified"),
        ("ext4 UUID=1\ndracut_args --mount 'UUID=2 /x ext4 defaults'\n", "More than one dump targets specified"),
        ("ext4 UUID=1\ndracut_args --omit-drivers x\n", ""),
        ("net 10.0.0.1\n", "Deprecated kdump config option: net."),
        ("failure_action sleep\n", "Usage kdump.conf: failure_action"),
        ("failure_action shell\ndefault reboot\n", "Cannot specify 'failure_action' and 'default' option together"),
        ("final_action shell\n", "Usage kdump.conf: final_action"),
        ("force_rebuild 1\nforce_no_rebuild 1\n", "are enabled simultaneously"),
        ("force_rebuild yes\n", "force_rebuild value is invalid"),
    ],
)
def test_what_kdumpctl_takes(conf: Path, text: str, said: str) -> None:
    conf.write_text(text)
    done = run("usr/bin/kdumpctl", conf, "check_config")
    assert (done.returncode == 0) == (not said), done.stderr
    assert said in done.stderr


def test_without_a_configuration_nothing_starts(tmp_path: Path) -> None:
    done = run("usr/bin/kdumpctl", tmp_path / "none", "check_config")
    assert done.returncode == 1
    assert "No kdump config file found" in done.stderr


@pytest.mark.parametrize(
    ("text", "target", "mount"),
    [
        (HEALTHY, "", ""),
        ("ext4 UUID=1 # the second disk\n", "ext4 UUID=1", ""),
        ('dracut_args --mount "UUID=2 /x ext4 defaults" -v\n', "", "UUID=2 /x ext4 defaults"),
    ],
)
def test_the_target_is_read(conf: Path, text: str, target: str, mount: str) -> None:
    conf.write_text(text)
    done = run("usr/bin/kdumpctl", conf, "conf_target; echo; conf_dracut_mount")
    assert done.stdout.strip().split("\n\n") == [each for each in (target, mount) if each] or done.stdout.strip() == ""


def test_the_capture_kernels_line_is_the_nodes_own_without_what_means_nothing_to_it(conf: Path) -> None:
    program = """
        KDUMP_COMMANDLINE="root=UUID=1 ro crashkernel=192M quiet console=ttyS0 empty= panic_on_warn hugepages=4"
        KDUMP_COMMANDLINE_REMOVE="hugepages quiet"
        KDUMP_COMMANDLINE_APPEND="irqpoll nr_cpus=1"
        awk() { echo 0; }
        capture_cmdline
    """
    line = run("usr/bin/kdumpctl", conf, program).stdout.strip()
    assert line == "ro console=ttyS0 irqpoll nr_cpus=1 disable_cpu_apicid=0 rd.systemd.gpt_auto=no"


@pytest.mark.parametrize(
    ("changed", "option", "result"),
    [
        ("nothing", "", "fresh"),
        ("conf", "", "rebuilt"),
        ("kernel", "", "rebuilt"),
        ("conf", "force_no_rebuild 1", "fresh"),
        ("initrd", "force_no_rebuild 1", "fresh"),
        ("initrd", "", "rebuilt"),
        ("nothing", "force_rebuild 1", "rebuilt"),
        ("nothing", "kdump_pre /nowhere", "refused"),
    ],
)
def test_what_has_an_initrd_built_anew(conf: Path, tmp_path: Path, changed: str, option: str, result: str) -> None:
    conf.write_text(f"{HEALTHY}{option}\n")
    newest = Path("/etc/fstab").stat().st_mtime if Path("/etc/fstab").exists() else 0
    for name, stamp in (("kernel", 1000), ("initrd", newest + 5000)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (stamp, stamp))
    os.utime(conf, (1000, 1000))
    if changed in {"conf", "kernel"}:
        os.utime(conf if changed == "conf" else tmp_path / "kernel", (newest + 6000, newest + 6000))
    if changed == "initrd":
        (tmp_path / "initrd").unlink()
    program = f"""
        find_kernel() {{ kernel={tmp_path}/kernel initrd={tmp_path}/initrd; }}
        target_changed() {{ return 1; }}
        rebuild() {{ echo rebuilt; }}
        type() {{ :; }}
        check_config && check_rebuild && echo fresh || echo refused
    """
    assert run("usr/bin/kdumpctl", conf, program).stdout.split()[0] == result


@pytest.mark.parametrize(
    ("device", "point", "options", "line"),
    [
        ("/dev/none", "/", "rw,relatime", "/dev/none /sysroot ext4 rw,relatime"),
        ("/dev/none", "/srv", "ro,noauto,relatime", "/dev/none /kdumproot/srv ext4 rw,relatime"),
        ("/dev/none", "/srv", "rw,nofail", "/dev/none /kdumproot/srv ext4 rw"),
        ("/dev/none", "", "", "/dev/none /kdumproot ext4 defaults"),
    ],
)
def test_the_target_is_mounted_to_be_written(conf: Path, device: str, point: str, options: str, line: str) -> None:
    done = run("usr/sbin/mkdumprd", conf, f"line_of {device} ext4 '{point}' '{options}'")
    assert done.stdout.strip() == line


def test_the_node_is_laid_out_as_rhel(tmp_path: Path) -> None:
    dialect = DIALECTS["kdump_utils"]
    install_tree(tmp_path, dialect)
    assert 'ID="rhel"' in (tmp_path / "etc/os-release").read_text()
    assert (tmp_path / "etc/systemd/system/multi-user.target.wants/kdump.service").is_symlink()
    assert not (tmp_path / "usr/lib/dracut/modules.d/90metalmdsquash").exists()
    assert rhel_release("6.1.0-44.deb-default") == KVER
    assert rpm_version_release(KVER) == ("6.1.0", "44.el10")
    assert rpm_version_release("6.1.0-44.deb-default") is None
    packages = {package.name: package for package in read_packages(package_list(dialect), KVER)}
    assert (packages["kernel-core"].version, packages["kernel-core"].release) == ("6.1.0", "44.el10")
    assert not {"kdump", "kernel-default"} & set(packages)
    for name in packages["kdump-utils"].files:
        assert (UTILS / name.lstrip("/")).exists(), name
