# SPDX-License-Identifier: Apache-2.0
"""kdump.conf as kdumpctl reads it, the options of its makedumpfile, and what the node tells of what both name."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Kdumpconf, Packages
from kdumpcheck.facts.kdumpconf import Program
from kdumpcheck.facts.kdumpsettings import KdumpSettings, Target
from kdumpcheck.facts.makedumpfile import Options
from kdumpcheck.facts.mountinfo import Place

INSTALLED = """\
# This file contains a series of commands to perform (in order) in the kdump kernel.
#ext4 UUID=03138356-5e61-4ab3-b58e-27507ac41937
auto_reset_crashkernel yes
path /var/crash
core_collector makedumpfile -l --message-level 7 -d 31
"""


def settings(text: str) -> KdumpSettings:
    return KdumpSettings.read(text.splitlines())


def test_what_the_package_installs_is_taken() -> None:
    found = settings(INSTALLED)
    assert found.problem == ""
    assert (found.target, found.path, found.failure_action, found.final_action) == (
        None,
        "/var/crash",
        "reboot",
        "reboot",
    )
    assert found.collector == "makedumpfile -l --message-level 7 -d 31"
    assert settings("").collector == found.collector


@pytest.mark.parametrize(
    ("line", "option", "value"),
    [
        ("  path\t /srv/dumps  ", "path", "/srv/dumps"),
        ("path /srv/dumps # here", "path", "/srv/dumps"),
        ("path /srv/a#b", "path", "/srv/a"),
        ('core_collector "makedumpfile -l -d 31"', "core_collector", "makedumpfile -l -d 31"),
        ("path", "path", ""),
        ('path ""', "path", ""),
    ],
)
def test_one_line_is_read_as_kdump_reads_it(line: str, option: str, value: str) -> None:
    assert settings(line).lines == ((option, value),)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("ext4 UUID=1", Target("ext4", "UUID=1")),
        ("raw /dev/vg/lv_kdump", Target("raw", "/dev/vg/lv_kdump")),
        ("nfs server:/export", Target("nfs", "server:/export")),
        ("ssh kdump@server", Target("ssh", "kdump@server")),
        ("virtiofs myfs", Target("virtiofs", "myfs")),
        ('dracut_args --mount "/dev/sdb1 /mnt xfs defaults"', Target("xfs", "/dev/sdb1", by_dracut=True)),
        ("dracut_args --mount='s:/e /mnt nfs4 defaults'", Target("nfs4", "s:/e", by_dracut=True)),
        ('dracut_args --omit-drivers "cfg80211 snd"', None),
        ("#ext4 UUID=1", None),
        ("", None),
    ],
)
def test_the_target_is_found_by_either_way_to_name_it(text: str, target: Target | None) -> None:
    assert settings(text).target == target
    assert settings(text).problem == ""


@pytest.mark.parametrize(
    ("text", "remote"), [("ssh a@b", True), ("nfs b:/", True), ("xfs LABEL=d", False), ("raw /dev/sdb", False)]
)
def test_a_dump_that_leaves_the_node_is_told(text: str, remote: bool) -> None:
    target = settings(text).target
    assert target is not None
    assert target.remote is remote


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("paht /var/crash", "paht is no option"),
        ("PATH /var/crash", "PATH is no option"),
        ("path /a\npath /b", "path is given twice"),
        ("path", "path has no value"),
        ("ext4 UUID=1\nnfs a:/b", "2 targets are given (ext4, nfs)"),
        ("ext4 UUID=1\next4 UUID=1", "2 targets are given (ext4, ext4)"),
        ('raw /dev/sdb\ndracut_args --mount "/dev/sdc /mnt xfs x"', "2 targets are given (raw, xfs)"),
        ('dracut_args --mount "a /m xfs x" --mount "b /n xfs x"', "2 targets are given (xfs, xfs)"),
        ("failure_action continue", "failure_action is continue, and none of"),
        ("default reboot\nfailure_action reboot", "failure_action is given twice"),
        ("final_action shell", "final_action is shell, and none of reboot, halt, poweroff"),
        ("force_rebuild yes", "force_rebuild is yes"),
        ("force_rebuild 1\nforce_no_rebuild 1", "force_rebuild and force_no_rebuild are both on"),
        ("ssh server", "ssh server names no user"),
        ("link_delay 60", "link_delay is an option of long ago"),
    ],
)
def test_what_kdumpctl_refuses_is_told(text: str, problem: str) -> None:
    assert settings(text).problem.startswith(problem)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = settings(text)
    assert found.path.startswith("/")
    assert found.collector.split()
    assert isinstance(found.problem, str)
    assert found.targets is not None


@pytest.mark.parametrize(
    ("words", "problem", "level", "compresses"),
    [
        # As makedumpfile 1.7.2 --check-params answers.
        ("-l --message-level 7 -d 31", "", 31, True),
        ("-c -d31 --message-level=1", "", 31, True),
        ("-F -z -d 1,31", "", 31, True),
        ("", "", 0, False),
        ("-E -d 31", "", 31, False),
        ("-l -d 32", "-d 32 is no level", 32, True),
        ("-l -d", "", 0, True),
        ("-l -d x", "-d x is no level", 0, True),
        ("-l --message-level 99", "--message-level 99 is none", 0, True),
        ("-E -l -d 31", "-E takes no compression", 31, True),
        ("--dump-dmesg", "--dump-dmesg saves no memory", 0, False),
        ("-l -d 31 --dry-run", "--dry-run saves no memory", 31, True),
    ],
)
def test_makedumpfiles_options_are_told(words: str, problem: str, level: int, compresses: bool) -> None:
    options = Options.of(words.split())
    assert options.problem.startswith(problem)
    assert bool(options.problem) == bool(problem)
    assert (options.level, options.compresses) == (level, compresses)


def test_a_word_that_is_not_known_is_not_judged() -> None:
    assert Options.of(["-l", "--config", "x", "-d", "31"]).odd == ("--config", "x")
    assert Options.of(["-l", "-d"]).odd == ("-d",)


SAID = """\
file\tthere
line\tauto_reset_crashkernel yes
line\text4 UUID=1
line\tpath /dumps
collector\tmakedumpfile\t/usr/sbin/makedumpfile
program\tkdump_pre\t/srv/pre.sh\tplain\t12
program\thook\t/etc/kdump/post.d/a\texecutable\t13
mount\t22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
mount\t23 22 254:16 / /srv rw shared:2 - ext4 /dev/vdb rw
block\t/dev/vda\text4
block\t/dev/vdb\text4
block\t/dev/vdc\t
path\t/dumps\tmissing
held\t/srv
name\tUUID=1\t/dev/vdb
driver\tvirtio_blk
driver\tvirtio_blk
locked\tdm-0
device\t/dev/vdb
"""


def test_what_the_settings_name_on_the_node_is_read(evidence_of: Callable[..., Evidence]) -> None:
    found = Kdumpconf.parse(evidence_of({"kdumpconf": SAID}))
    assert isinstance(found, Kdumpconf)
    assert found.settings is not None
    assert found.settings.target == Target("ext4", "UUID=1")
    assert (found.device, found.path, found.path_there) == ("/dev/vdb", "/dumps", False)
    assert found.mount_of("/srv/x") == Place("/srv", "ext4", "/dev/vdb", ("rw",))
    assert found.blocks["/dev/vdc"] == ""
    assert found.held == {"/srv"}
    assert found.names == {"UUID=1": "/dev/vdb"}
    assert (found.drivers, found.locked) == (("virtio_blk",), ("dm-0",))
    assert found.programs[0] == Program("kdump_pre", "/srv/pre.sh", "plain", 12)
    assert found.collector == ("makedumpfile", "/usr/sbin/makedumpfile")


def test_a_node_without_kdump_utils_is_asked_nothing(evidence_of: Callable[..., Evidence]) -> None:
    done = subprocess.run(["dash", "-c", Kdumpconf.sections[0].script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert isinstance(Kdumpconf.parse(evidence_of({"kdumpconf": ""})), Unknown)


@pytest.fixture(params=["dash", "bash", "busybox sh"])
def asked(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Asks this machine with a kdump.conf, as a node is asked."""

    def run(text: str) -> str:
        (tmp_path / "kdump.conf").write_text(text)
        script = Kdumpconf.sections[0].script.replace("/etc/kdump.conf", str(tmp_path / "kdump.conf"))
        argv = [*request.param.split(), "-uc", script]
        return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout

    return run


def test_the_file_is_brought_without_comments_and_secrets(asked: Callable[[str], str]) -> None:
    said = asked(INSTALLED + 'dracut_args --mount "//box/s /mnt cifs user=a,password=s3cret,ro" # x\n')
    lines = [line.removeprefix("line\t") for line in said.splitlines() if line.startswith("line\t")]
    assert lines == [
        "auto_reset_crashkernel yes",
        "path /var/crash",
        "core_collector makedumpfile -l --message-level 7 -d 31",
        'dracut_args --mount "//box/s /mnt cifs user=a,password=[redacted],ro"',
    ]


def test_programs_are_looked_for_where_they_are_named(asked: Callable[[str], str], tmp_path: Path) -> None:
    for name, mode in (("runs.sh", 0o755), ("plain.sh", 0o644)):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(mode)
    said = asked(f"kdump_pre {tmp_path}/runs.sh\nkdump_post {tmp_path}/plain.sh\nextra_bins {tmp_path}/none\n")
    states = [line.split("\t")[1:4] for line in said.splitlines() if line.startswith("program\t")]
    assert states == [
        ["kdump_pre", f"{tmp_path}/runs.sh", "executable"],
        ["kdump_post", f"{tmp_path}/plain.sh", "plain"],
        ["extra_bins", f"{tmp_path}/none", "missing"],
    ]


def test_the_path_and_the_collector_are_looked_for(asked: Callable[[str], str], tmp_path: Path) -> None:
    (tmp_path / "dumps").mkdir()
    (tmp_path / "link").symlink_to("dumps")
    said = asked(f"path {tmp_path}/link\ncore_collector bash -c x\n")
    assert f"path\t{tmp_path}/dumps\tthere\n" in said
    assert "collector\tbash\t/bin/bash\n" in said
    assert f"path\t{tmp_path}/none\tmissing\n" in asked(f"path {tmp_path}/none\n")


def test_a_target_without_its_disk_is_told(asked: Callable[[str], str]) -> None:
    assert "name\tUUID=no-such-disk\t\n" in asked("ext4 UUID=no-such-disk\n")
    assert "name\t/dev/null\t\n" in asked('dracut_args --mount "/dev/null /mnt xfs defaults"\n')
    assert "name\t" not in asked("ssh kdump@box\n")


def test_the_package_that_brings_kdumpctl_is_told(evidence_of: Callable[..., Evidence]) -> None:
    text = "asked\trpm\nrpm\tkexec-tools\t2.0.27-8.el9\nowner\t/usr/bin/kdumpctl\tkexec-tools\n"
    packages = Packages.parse(evidence_of({"packages": text}))
    assert isinstance(packages, Packages)
    assert packages.owners == {"/usr/bin/kdumpctl": "kexec-tools"}
