# SPDX-License-Identifier: Apache-2.0
"""What cannot be meant is refused in one line that says what, where and what to do, with exit code 4."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from selftest.unit.kept import CASES, keep_case, keep_lost
from selftest.unit.site import Site

VALIDATION = "tests/validation"
HOSTS = """
[worker]
ncn-w001 ansible_host=127.0.9.1
ncn-w002 ansible_host=127.0.9.2
"""


def inventory(site: Site, text: str = HOSTS) -> Path:
    path = site.path / "hosts.ini"
    path.write_text(text)
    return path


class TestNodes:
    @pytest.mark.parametrize("where", [VALIDATION, "tests/recovery"])
    def test_none_named(self, site: Site, where: str) -> None:
        assert site.refused(where) == ("no node was named: give --nodes SET (as in --nodes 'ncn-m001,ncn-w[001-003]')")

    def test_none_named_to_a_process_of_its_own(self, site: Site) -> None:
        result = site.pytester.runpytest_subprocess(VALIDATION)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert "Traceback" not in result.stdout.str() + result.stderr.str()
        result.stderr.fnmatch_lines(["ERROR: no node was named: give --nodes SET*"])

    @pytest.mark.parametrize("nodes", ["", " ", ",", "''"])
    def test_an_empty_set(self, site: Site, nodes: str) -> None:
        assert "node" in site.refused(VALIDATION, f"--nodes={nodes}")

    def test_a_name_the_inventory_does_not_know(self, site: Site) -> None:
        line = site.refused(VALIDATION, "--nodes", "ncn-w003", "--inventory", inventory(site))
        assert "ncn-w003" in line
        assert "ncn-w001" in line or "ncn-w002" in line, "it is to suggest a name that is near"

    def test_a_group_the_inventory_does_not_know(self, site: Site) -> None:
        line = site.refused(VALIDATION, "--nodes=@workers", "--inventory", inventory(site))
        assert "workers" in line
        assert "worker" in line.replace("workers", "")

    def test_an_inventory_that_is_not_there(self, site: Site) -> None:
        assert "nowhere.yaml" in site.refused(VALIDATION, "--nodes", "ncn-w001", "--inventory", "nowhere.yaml")

    @pytest.mark.parametrize(
        "wrong",
        [("--nodes", "ncn-w001", "--inventory", "nowhere.yaml"), ("--nodes", "ncn-w["), ("--replay", "nowhere")],
    )
    @pytest.mark.parametrize("quiet", [("-q",), ("-q", "-n", "2"), ("--no-header",)])
    def test_nor_is_it_a_page_of_lines_where_no_heading_was_wanted(
        self, site: Site, wrong: tuple[str, ...], quiet: tuple[str, ...]
    ) -> None:
        assert wrong[-1] in site.refused(VALIDATION, *wrong, *quiet)

    @pytest.mark.parametrize("quiet", [(), ("-q",)])
    def test_a_run_that_was_refused_is_not_the_latest(self, site: Site, quiet: tuple[str, ...]) -> None:
        site.keep(w001="healthy")
        assert site.replay().ret == pytest.ExitCode.OK
        before = sorted(path.name for path in (site.path / "reports").iterdir())
        assert "nowhere" in site.refused(VALIDATION, "--nodes", "ncn-w001", "--inventory", "nowhere.yaml", *quiet)
        assert sorted(path.name for path in (site.path / "reports").iterdir()) == before
        assert (site.path / "reports/latest/results.json").exists()

    def test_an_inventory_that_is_none(self, site: Site) -> None:
        path = inventory(site, "<html>")
        assert "hosts.ini" in site.refused(VALIDATION, "--nodes", "ncn-w001", "--inventory", path)

    @pytest.mark.parametrize("option", ["ssh-config", "ssh-identity-file", "password-file", "sudo-password-file"])
    def test_a_file_to_log_in_by_that_is_not_there(self, site: Site, option: str) -> None:
        line = site.refused(VALIDATION, "--nodes", "ncn-w001", f"--{option}", "nowhere")
        assert line == f"--{option} nowhere: No such file or directory"

    def test_the_public_half_of_a_key_and_no_configuration_are_enough(self, site: Site) -> None:
        site.keep(w001="healthy")
        (site.path / "key.pub").touch()
        words = ("--ssh-identity-file", "key", "--ssh-config", "none")
        assert site.replay(*words).ret == pytest.ExitCode.OK

    def test_nodes_and_hosts(self, site: Site) -> None:
        line = site.refused(VALIDATION, "--nodes", "ncn-w001", "--hosts", "ssh://ncn-w002")
        assert line == "--nodes and --hosts both name nodes: give one of them"

    @pytest.mark.parametrize("hosts", [",", " ", "ssh://a b", "ssh://ncn-w001:99999"])
    def test_hosts_that_name_none(self, site: Site, hosts: str) -> None:
        assert "--hosts" in site.refused(VALIDATION, f"--hosts={hosts}")

    @pytest.mark.parametrize("hosts", ["foo://x", "local://,foo://x", "foo://"])
    def test_a_way_to_a_host_that_does_not_exist(self, site: Site, hosts: str) -> None:
        line = site.refused(VALIDATION, "--hosts", hosts)
        assert "oo'" in line
        assert "there are ansible, chroot, docker, " in line

    def test_a_way_to_a_node_of_the_inventory_that_does_not_exist(self, site: Site) -> None:
        path = site.path / "nodes.yaml"
        path.write_text("kdumpcheck-inventory: 1\nnodes:\n  ncn-w001: {hostspec: 'foo://x'}\n  ncn-w002: {}\n")
        line = site.refused(VALIDATION, "--nodes", "ncn-w[001-002]", "--inventory", path)
        assert line.startswith("--nodes: 'foo://x': no way to a node is called 'foo' (there are ansible, ")


class TestContradictions:
    def test_replay_and_apply(self, site: Site) -> None:
        line = site.refused("tests/recovery", "--replay", "x", "--apply")
        assert line == "--replay judges kept evidence; --apply needs the nodes themselves"

    def test_replay_and_bundle(self, site: Site) -> None:
        line = site.refused(VALIDATION, "--replay", "x", "--bundle", "y")
        assert line == "--replay reads a bundle and --bundle writes one: give one of them"

    @pytest.mark.parametrize("seconds", ["0", "-1", "0.5", "nan", "inf", "1e9"])
    def test_a_deadline_no_node_can_meet_or_nobody_can_wait_for(self, site: Site, seconds: str) -> None:
        assert "--deadline" in site.refused(VALIDATION, "--nodes", "ncn-w001", "--deadline", seconds)

    @pytest.mark.parametrize("number", ["0", "-3"])
    def test_a_fanout_of_none(self, site: Site, number: str) -> None:
        assert "--fanout" in site.refused(VALIDATION, "--nodes", "ncn-w001", "--fanout", number)

    def test_a_selection_that_selects_nothing(self, site: Site) -> None:
        site.keep(w001="healthy")
        result = site.replay("-k", "nothing_is_called_so")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stdout.fnmatch_lines(["VERDICT: nothing was judged: no check was selected (look at -k, *"])

    def test_apply_needs_one_process(self, site: Site) -> None:
        assert "-n" in site.refused("tests/recovery", "--nodes", "ncn-w001", "--apply", "-n", "2")


class TestReplay:
    def test_a_directory_that_is_not_there(self, site: Site) -> None:
        assert "nowhere" in site.refused(VALIDATION, "--replay", "nowhere")

    def test_a_directory_without_evidence(self, site: Site) -> None:
        site.bundle.mkdir()
        assert "holds no evidence" in site.refused(VALIDATION, "--replay", site.bundle)

    def test_a_file(self, site: Site) -> None:
        path = keep_case(site.bundle, "ncn-w001", "healthy")
        assert path.name in site.refused(VALIDATION, "--replay", path)

    def test_a_node_that_is_not_in_it(self, site: Site) -> None:
        site.keep(w001="healthy")
        assert "ncn-w002" in site.refused(VALIDATION, "--replay", site.bundle, "--nodes", "ncn-w002")

    def test_part_of_it(self, site: Site) -> None:
        site.keep(w001="healthy", w002="initrd-missing")
        assert site.replay("--nodes", "ncn-w001").ret == 0
        assert {node for node, _ in site.outcomes()} == {"ncn-w001"}

    def test_a_group_of_it(self, site: Site) -> None:
        site.keep(w001="healthy", m001="initrd-missing")
        assert site.replay("--nodes=@worker", "--inventory", inventory(site)).ret == 0
        assert {node for node, _ in site.outcomes()} == {"ncn-w001"}

    def test_the_roles_of_its_inventory(self, site: Site) -> None:
        site.keep(w001="healthy")
        site.replay("--inventory", inventory(site))
        assert [node["role"] for node in site.document()["nodes"]] == ["worker"]

    def test_two_pieces_of_one_node(self, site: Site) -> None:
        first = keep_case(site.bundle, "ncn-w001", "healthy")
        first.rename(site.bundle / "another.evidence.gz")
        keep_case(site.bundle, "ncn-w001", "initrd-missing")
        line = site.refused(VALIDATION, "--replay", site.bundle)
        assert "a second piece of evidence of ncn-w001" in line

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"garbage\n",
            bytes(range(256)) * 8,
            b"\x1f\x8b",
            gzip.compress(b""),
            gzip.compress(b"garbage"),
            (CASES / "healthy.evidence.gz").read_bytes()[:-40],
            (CASES / "healthy.evidence.gz").read_bytes()[:900] + b"!" * 80,
            gzip.compress(b'{"kdumpcheck-evidence": 2, "node": "ncn-w001"}\n'),
            gzip.compress(b'{"kdumpcheck-evidence": 1\n'),
            gzip.compress(b'{"kdumpcheck-evidence": 1, "node": 7}\n'),
            gzip.compress(b'{"kdumpcheck-evidence": ' + b"[" * 100_000 + b"\n"),
            gzip.compress(b'{"kdumpcheck-evidence": 1, "node": "ncn-w001", "origin": "x", "taken": "soon"}\n'),
            gzip.compress(b"\0" * (49 * 1024 * 1024)),
        ],
        ids=[
            *("empty", "garbage", "bytes", "stub", "gzip-of-nothing", "gzip-of-garbage", "truncated", "damaged"),
            *("version", "half-header", "nameless", "deep", "timeless", "oversize"),
        ],
    )
    def test_a_broken_file(self, site: Site, content: bytes) -> None:
        site.bundle.mkdir()
        (site.bundle / "ncn-w001.evidence.gz").write_bytes(content)
        line = site.refused(VALIDATION, "--replay", site.bundle)
        assert "ncn-w001.evidence.gz" in line
        assert len(line) < 400

    @pytest.mark.parametrize("name", ["", "../../etc/passwd", "a b", "\x1b[2J", "<script>", "ncn-w001[x]", "x" * 300])
    def test_a_name_no_node_has(self, site: Site, name: str) -> None:
        site.bundle.mkdir()
        header = {"kdumpcheck-evidence": 1, "node": name, "origin": "x", "taken": "2026-11-22T12:00:00+00:00"}
        text = json.dumps({**header, "failure": "no route"}).encode()
        (site.bundle / "x.evidence.gz").write_bytes(gzip.compress(text + b"\n"))
        line = site.refused(VALIDATION, "--replay", site.bundle)
        assert "x.evidence.gz" in line
        assert line.isprintable()

    def test_a_link_that_leads_nowhere_is_not_evidence(self, site: Site) -> None:
        site.keep(w001="healthy")
        (site.bundle / "x.evidence.gz").symlink_to("nowhere")
        assert site.replay().ret == 0

    def test_a_plain_answer_carried_by_another_tool(self, site: Site) -> None:
        site.bundle.mkdir()
        answer = gzip.decompress((CASES / "healthy.evidence.gz").read_bytes()).partition(b"\n")[2]
        (site.bundle / "ncn-w007.out").write_bytes(b"Warning: Permanently added ...\n" + answer)
        assert site.replay().ret == 0
        assert {node for node, _ in site.outcomes()} == {"ncn-w007"}

    def test_a_lost_node_is_replayed_as_lost(self, site: Site) -> None:
        keep_lost(site.bundle, "ncn-w001", "no route to host")
        assert site.replay().ret == 1
        assert set(site.outcomes().values()) == {"error"}


class TestReports:
    def unreported(self, site: Site, *arguments: str) -> str:
        """A run whose reports have no place: all its verdicts, exit code 1, and one line, which is given back."""
        site.keep(w001="healthy")
        result = site.replay(*arguments)
        assert result.ret == pytest.ExitCode.TESTS_FAILED
        assert [line for line in result.outlines if "VERDICT: all checks passed on 1 node" in line]
        assert not [line for line in result.outlines + result.errlines if "Traceback" in line or "INTERNAL" in line]
        assert not [line for line in result.outlines if line.startswith("report: ")]
        (line,) = [line for line in result.outlines + result.errlines if "--report-dir" in line]
        return line

    def test_a_file_in_the_way_of_the_report_directory(self, site: Site) -> None:
        (site.path / "taken").write_text("mine")
        line = self.unreported(site, "--report-dir", "taken")
        assert line == "taken: cannot hold reports (File exists); give another with --report-dir"
        assert (site.path / "taken").read_text() == "mine"

    def test_a_file_above_the_report_directory(self, site: Site) -> None:
        (site.path / "taken").write_text("mine")
        line = self.unreported(site, "--report-dir", "taken/reports")
        assert line == "taken/reports: cannot hold reports (Not a directory); give another with --report-dir"

    def test_a_file_where_the_usual_directory_is(self, site: Site) -> None:
        (site.path / "reports").write_text("mine")
        assert "cannot hold reports" in self.unreported(site)

    def test_a_directory_called_latest(self, site: Site) -> None:
        (site.path / "reports" / "latest").mkdir(parents=True)
        assert "cannot hold reports" in self.unreported(site)

    def test_a_place_that_cannot_be_written(self, site: Site) -> None:
        line = self.unreported(site, "--report-dir", "/proc/nowhere")
        assert line.startswith("/proc/nowhere: cannot hold reports (")

    def test_nothing_is_changed_on_a_node_when_it_cannot_be_written_down(self, site: Site) -> None:
        (site.path / "taken").write_text("mine")
        line = site.refused("tests/recovery", "--hosts", "local://", "--apply", "--yes", "--report-dir", "taken")
        assert line == "taken: cannot hold reports (File exists); give another with --report-dir"

    def test_a_bundle_that_is_a_file(self, site: Site) -> None:
        (site.path / "taken").write_text("mine")
        line = site.refused(VALIDATION, "--hosts", "local://", "--bundle", "taken")
        assert line.startswith("--bundle taken: ")

    def test_nothing_is_written_when_only_help_is_wanted(self, site: Site) -> None:
        site.keep(w001="healthy")
        assert site.replay("--help").ret == 0
        assert site.replay("--collect-only", "-q").ret == 0
        assert not (site.path / "reports").exists()

    def test_an_ordinary_run_of_pytest_is_left_alone(self, site: Site) -> None:
        (site.path / "test_mine.py").write_text("def test_mine(): pass\n")
        result = site.run("test_mine.py")
        assert result.ret == 0
        assert not (site.path / "reports").exists()
        assert "kdumpcheck:" not in result.stdout.str()
