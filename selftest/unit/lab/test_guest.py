# SPDX-License-Identifier: Apache-2.0
"""The node's own shell files, run here without a node."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.lab.image import DIALECTS, Dialect, ImageError
from kdumpcheck.lab.image.content import GUEST
from kdumpcheck.lab.image.debian import ROOT_UUID
from kdumpcheck.lab.image.rpmdb import package_list, read_packages, spec
from kdumpcheck.lab.image.tree import NCN, install_tree, layers, links, read_links

LEGACY = GUEST / "kdump-legacy"
NEW = GUEST / "kdump"
KDUMP_MODULE = LEGACY / "usr/lib/dracut/modules.d/99kdump"
METAL = "usr/lib/dracut/modules.d/90metalmdsquash"
every_dialect = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
every_ncn = pytest.mark.parametrize("dialect", [DIALECTS["suse_legacy"], DIALECTS["suse"]], ids=["suse_legacy", "suse"])
KVER = "6.1.0-44.deb-default"

SCRIPTS = sorted(path for path in GUEST.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!"))


def test_there_are_scripts_to_look_at() -> None:
    assert len(SCRIPTS) >= 20


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(GUEST)))
def test_script_is_clean(script: Path) -> None:
    result = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    assert script.read_text().splitlines()[1] == "# SPDX-License-Identifier: Apache-2.0"


def bash(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=600)


ON_OVERLAY = "LiveOS_rootfs / overlay rw,lowerdir=/run/rootfsbase"
OVERLAY = f"{ON_OVERLAY} 0 0"
ROOTRAID = "/dev/md127 /run/initramfs/overlayfs xfs rw 0 0"


@pytest.mark.parametrize(
    ("path", "mounts", "fstab", "expected"),
    [
        ("/crash", [OVERLAY, ROOTRAID], ["LABEL=ROOTRAID / xfs defaults 0 0"], "LABEL=ROOTRAID / xfs defaults"),
        ("/crash", [OVERLAY], [], ON_OVERLAY),
        ("/crash", [OVERLAY], ["# LABEL=ROOTRAID / xfs defaults 0 0"], ON_OVERLAY),
        ("/crash", [OVERLAY], ["LABEL=A / xfs a 0 0", "LABEL=B / ext4 b 0 0"], "LABEL=B / ext4 b"),
        ("/run/initramfs/overlayfs/x", [OVERLAY, ROOTRAID], ["LABEL=A / xfs a 0 0"], ROOTRAID[:-4]),
        ("/crash/x", [OVERLAY], ["LABEL=A / xfs a 0 0", "LABEL=C /crash xfs c 0 0"], "LABEL=C /crash xfs c"),
        ("/crashed", [OVERLAY], ["LABEL=A / xfs a 0 0", "LABEL=C /crash xfs c 0 0"], "LABEL=A / xfs a"),
        ("/crash", [OVERLAY], ["", "broken", "LABEL=A / xfs a 0 0"], "LABEL=A / xfs a"),
    ],
    ids=["fstab-wins", "overlay", "commented", "later-wins", "longest", "parent", "no-prefix-of-a-name", "noise"],
)  # fmt: skip
def test_mount_of_the_save_directory(path: str, mounts: list[str], fstab: list[str], expected: str) -> None:
    # The function reads /proc/mounts and /etc/fstab through cat, in this order.
    program = f"""
        cat() {{ [[ "$*" == "/proc/mounts /etc/fstab" ]] || exit 9; printf '%s\\n' "$LINES_READ"; }}
        . {KDUMP_MODULE}/module-setup.sh
        kdump_mount_of {path}
    """
    env = {**os.environ, "LINES_READ": "\n".join([*mounts, *fstab])}
    result = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=True, env=env)
    assert result.stdout.strip() == expected


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """A kernel and an initrd newer than everything the rule looks at."""
    now = Path("/etc/hosts").stat().st_mtime
    for name, age in (("vmlinuz-1", 500), ("kdump", 300), ("initrd-1-kdump", -100)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (now - age, now - age))
    newest = max(Path(name).stat().st_mtime for name in ("/etc/hosts", "/etc/nsswitch.conf"))
    os.utime(tmp_path / "initrd-1-kdump", (newest + 100, newest + 100))
    return tmp_path


def mkdumprd(boot: Path, *arguments: str) -> str:
    """Run the node's mkdumprd with a dracut that only says it was called."""
    program = f"""
        KDUMP_CONFIG={boot}/kdump
        kdump_read_config() {{ :; }}
        kdump_find_kernel() {{ return 1; }}
        dracut() {{ echo "dracut $*"; }}
        . {LEGACY}/usr/sbin/mkdumprd
    """
    kernel, initrd = boot / "vmlinuz-1", boot / "initrd-1-kdump"
    result = bash(program, "mkdumprd", "-K", str(kernel), "-I", str(initrd), *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def _newer_than_initrd(path: Path, boot: Path) -> None:
    stamp = (boot / "initrd-1-kdump").stat().st_mtime + 10
    os.utime(path, (stamp, stamp))


def test_a_fresh_initrd_is_left_alone(boot: Path) -> None:
    assert mkdumprd(boot) == ""


def test_force_builds_a_fresh_initrd(boot: Path) -> None:
    assert "dracut --force --hostonly --no-hostonly-default-device" in mkdumprd(boot, "-f")


@pytest.mark.parametrize("changed", ["kdump", "vmlinuz-1"])
def test_an_initrd_older_than_configuration_or_kernel_is_built(boot: Path, changed: str) -> None:
    _newer_than_initrd(boot / changed, boot)
    assert f"--add kdump {boot}/initrd-1-kdump 1" in mkdumprd(boot)


def test_an_initrd_as_old_as_its_configuration_is_built(boot: Path) -> None:
    stamp = (boot / "initrd-1-kdump").stat().st_mtime
    os.utime(boot / "kdump", (stamp, stamp))
    assert "dracut" in mkdumprd(boot)


def test_a_missing_initrd_is_built(boot: Path) -> None:
    (boot / "initrd-1-kdump").unlink()
    assert "dracut" in mkdumprd(boot)


SAVEDIRS = {"suse_legacy": "/crash", "suse": "/run/initramfs/overlayfs/var/crash"}


@every_ncn
def test_the_boot_hook_can_read_the_savedir(dialect: Dialect) -> None:
    pattern = re.search(r"grep -oP '(.+)' /run", (GUEST / NCN / METAL / "metal-lib.sh").read_text())
    assert pattern is not None
    argv = ["grep", "-oP", pattern[1], str(GUEST / dialect.layer / "etc/sysconfig/kdump")]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == f"{SAVEDIRS[dialect.name]}\n"


def metal_links(dialect: Dialect, rootraid: Path, savedir: str) -> None:
    """Run a dialect's boot hook on a directory that stands for ROOTRAID."""
    program = f"""
        METAL_MOUNT={rootraid}
        metal_live_dir() {{ echo LiveOS; }}
        metal_overlay_name() {{ echo overlay-1; }}
        metal_savedir() {{ echo "{savedir}"; }}
        metal_copy_boot() {{ mkdir -p "$1"; }}
        metal_readme() {{ :; }}
        metal_kdump_wanted() {{ :; }}
    """
    hook = (GUEST / dialect.layer / METAL / "metal-kdump.sh").read_text().replace(". /lib/metal-lib.sh\n", "")
    done = bash(program + hook)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("dialect", "savedir", "link", "target"),
    [
        ("suse_legacy", "/crash", "crash", "./LiveOS/overlay-1/var/crash"),
        ("suse", "{rootraid}/var/crash", "var/crash", "../LiveOS/overlay-1/var/crash"),
        ("suse", "/crash", "crash", "LiveOS/overlay-1/crash"),
    ],
    ids=["legacy", "new", "new-with-the-old-savedir"],
)
def test_the_boot_hook_makes_relative_links(tmp_path: Path, dialect: str, savedir: str, link: str, target: str) -> None:
    # Twice: it runs at every boot, and must not nest a link into the first one's target.
    for _ in range(2):
        metal_links(DIALECTS[dialect], tmp_path, savedir.format(rootraid=tmp_path))
    assert os.readlink(tmp_path / "boot") == "./LiveOS/overlay-1/boot"  # noqa: PTH115 - the text, with its ./
    assert os.readlink(tmp_path / link) == target  # noqa: PTH115
    assert (tmp_path / link).is_dir()
    assert list((tmp_path / link).iterdir()) == []


def test_a_directory_where_the_link_belongs_gets_it_nested(tmp_path: Path) -> None:
    (tmp_path / "var/crash").mkdir(parents=True)
    metal_links(DIALECTS["suse"], tmp_path, f"{tmp_path}/var/crash")
    assert not (tmp_path / "var/crash").is_symlink()
    assert (tmp_path / "var/crash/crash").is_symlink()


@every_ncn
def test_a_savedir_the_hook_cannot_read_makes_no_crash_link(tmp_path: Path, dialect: Dialect) -> None:
    metal_links(dialect, tmp_path, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["LiveOS", "README.txt", "boot"]


@every_ncn
def test_a_healthy_node_does_not_hang_in_its_capture_kernel(dialect: Dialect) -> None:
    sysconfig = (GUEST / dialect.layer / "etc/sysconfig/kdump").read_text()
    found = re.search(r'^KDUMP_COMMANDLINE_APPEND="(.*)"$', sysconfig, re.MULTILINE)
    assert found is not None
    words = found[1].split()
    assert words[0].startswith("module_blacklist=")
    assert "rd.shell" not in words
    # The older line waits for its disk for ever; the newer one gives up by itself.
    assert any(word.startswith("rd.timeout=") for word in words) == (dialect.name == "suse_legacy")


def test_fstab_has_the_one_line_kdump_needs() -> None:
    lines = [line.split() for line in (GUEST / "node/etc/fstab").read_text().splitlines() if not line.startswith("#")]
    assert [line[:3] for line in lines] == [["LABEL=ROOTRAID", "/", "xfs"]]


@every_dialect
def test_links_are_unique_and_enabled_units_exist(dialect: Dialect) -> None:
    found = list(links(dialect))
    assert len({path for path, _ in found}) == len(found)
    enabled = [target for path, target in found if ".wants/" in path]
    assert enabled
    for target in enabled:
        assert any((GUEST / layer / target.lstrip("/")).is_file() for layer in layers(dialect)), target


def test_a_debian_node_gets_nothing_that_stands_in_for_kdump(tmp_path: Path) -> None:
    install_tree(tmp_path, DIALECTS["kdump_tools"])
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()}
    assert not [name for name in there if "kdump" in name or "dracut" in name or "os-release" in name]
    assert "etc/systemd/system/systemd-remount-fs.service" not in there
    assert f"UUID={ROOT_UUID}  /  ext4" in (tmp_path / "etc/fstab").read_text()


@every_ncn
def test_the_dialects_files_lie_over_the_common_ones(tmp_path: Path, dialect: Dialect) -> None:
    install_tree(tmp_path, dialect)
    assert (tmp_path / METAL / "metal-md.sh").stat().st_mode & 0o111
    assert (tmp_path / METAL / "metal-kdump.sh").read_text() == (
        GUEST / dialect.layer / METAL / "metal-kdump.sh"
    ).read_text()
    version = {"suse_legacy": "15.5", "suse": "15.6"}[dialect.name]
    assert f'VERSION_ID="{version}"' in (tmp_path / "etc/os-release").read_text()


def test_a_bad_link_list_names_its_line() -> None:
    with pytest.raises(ImageError, match="line 2: expected 'path target'"):
        list(read_links("# ok\netc/one-word\n"))
    with pytest.raises(ImageError, match="line 1"):
        list(read_links("/etc/absolute target\n"))


@pytest.mark.parametrize(
    ("dialect", "kdump", "mdsquash"),
    [("suse_legacy", "1.0.2+git14", "2.4.6"), ("suse", "2.0.6+git20", "2.5.1")],
)
def test_rpms_own_files_the_guest_tree_brings(dialect: str, kdump: str, mdsquash: str) -> None:
    chosen = DIALECTS[dialect]
    packages = {package.name: package for package in read_packages(package_list(chosen), KVER)}
    assert packages["kernel-default"].version == "6.1.0"
    assert packages["kernel-default"].release == "44.deb.1"
    assert f"/boot/vmlinuz-{KVER}" in packages["kernel-default"].files
    assert packages["kdump"].version == kdump
    assert packages["dracut-metal-mdsquash"].version == mdsquash
    for name in packages["kdump"].files:
        assert (GUEST / chosen.layer / name.lstrip("/")).exists(), name
    assert "cp -a --parents ./etc/sysconfig/kdump %{buildroot}" in spec(packages["kdump"])


def test_a_bad_rpm_list_quotes_its_line() -> None:
    with pytest.raises(ImageError, match="expected 'key: value', got 'nonsense'"):
        list(read_packages("name: x\nnonsense\n", KVER))
