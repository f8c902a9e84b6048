# SPDX-License-Identifier: Apache-2.0
"""`report.html`: pytest-html with the columns an operator needs, and what to do on top."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from importlib import resources
from typing import Any

import pytest

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.crash.proof import Word
from kdumpcheck.reporters import proofs
from kdumpcheck.reporters.folding import findings, verdict
from kdumpcheck.results import Run
from kdumpcheck.results.words import advice, result_of

_HEADER = (
    '<th class="sortable" data-column-type="result">Result</th>',
    '<th class="sortable" data-column-type="node">Node</th>',
    '<th class="sortable" data-column-type="check">Check</th>',
    '<th class="sortable" data-column-type="found">Found</th>',
    "<th>Expected</th>",
    "<th>What to do</th>",
)
_WORDS = {
    Outcome.PASS: "Passed",
    Outcome.WARN: "Warning",
    Outcome.FAIL: "Failed",
    Outcome.ERROR: "Error",
    Outcome.SKIP: "Skipped",
    Outcome.RECOVERED: "Recovered",
}


_PROOF_WORDS: dict[str, str] = {Word.PROVED: "Passed", Word.PLANNED: "Planned"}

#: Rows that pytest-html can show before a browser takes longer than an operator's patience (10,000 rows: 10 s).
MOST_ROWS = 1000


def has_row(config: pytest.Config, collected: int, result: Result) -> bool:
    """True when pytest-html runs and shows this verdict: beyond `MOST_ROWS`, only what is not green."""
    return _pytest_html(config) is not None and (collected <= MOST_ROWS or result.outcome is not Outcome.PASS)


def other_listeners(config: pytest.Config) -> Callable[..., object]:
    """The hook that reports to everyone but pytest-html."""
    if _OTHERS not in config.stash:
        page = _pytest_html(config)
        without = [] if page is None else [page]
        others: Callable[..., object] = config.pluginmanager.subset_hook_caller("pytest_runtest_logreport", without)
        config.stash[_OTHERS] = others
    return config.stash[_OTHERS]


def _pytest_html(config: pytest.Config) -> object | None:
    if _PAGE not in config.stash:
        plugins = config.pluginmanager.get_plugins()
        pages = (each for each in plugins if type(each).__module__.startswith("pytest_html."))
        config.stash[_PAGE] = next((each for each in pages if hasattr(each, "pytest_runtest_logreport")), None)
    return config.stash[_PAGE]


_PAGE = pytest.StashKey[object | None]()
_OTHERS = pytest.StashKey[Callable[..., object]]()


class Page:
    """pytest-html's hooks. What pytest-html takes is HTML, so everything a node said is escaped here."""

    def __init__(self, run: Run, judged: Callable[[], str], fleet: str | None = None) -> None:
        """`judged` says what was judged: nodes as they are now, or evidence of when; `fleet` links the fleet page."""
        self.run = run
        self._judged = judged
        self._fleet = fleet

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:  # noqa: ANN401 - pytest-html ships no types
        """The page's name."""
        report.title = "kdumpcheck: will these nodes save a dump?"

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_metadata(self, metadata: dict[str, str]) -> None:
        """The environment table says what run this is, and nothing of the machine it ran on."""
        metadata.clear()
        metadata["kdumpcheck"] = self.run.version
        metadata["Started"] = self.run.started.strftime("%Y-%m-%d %H:%M:%S UTC")
        metadata["Judged"] = self._judged()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        """Our columns instead of pytest-html's."""
        cells[:] = _HEADER

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:  # noqa: ANN401 - a pytest report, or one of xdist's
        """One row a verdict or a repair; pytest-html takes no row for an emptied list."""
        result = result_of(report)
        known = _outcome(cells[0])
        if result is not None:
            cells[:] = _row(result, known)
        elif proofs := getattr(report, "kdumpcheck_proofs", None):
            cells[:] = _proof_row(report, proofs[-1], known)
        elif remedies := getattr(report, "kdumpcheck_remedies", None):
            cells[:] = _repair_row(report, remedies[-1], known)
        elif report.outcome == "passed" and report.when != "call":
            cells.clear()
        else:
            name = escape(str(report.nodeid))
            text = escape(str(report.longreprtext)[:500])
            cells[:] = _cells(known, known, "", name, text, "", "")

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: Any, data: list[str]) -> None:  # noqa: ANN401 - as above
        """No log below a row: the row already says it all."""
        if result_of(report) is not None:
            data.clear()

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str]) -> None:
        """The verdict and what to do, before any table."""
        style = resources.files("kdumpcheck.reporters").joinpath("report.css").read_text(encoding="utf-8")
        link = f'<p><a href="{escape(self._fleet)}">The whole fleet on one page</a></p>' if self._fleet else ""
        prefix.append(f"<style>{style}</style>{link}{_top(self.run)}")


def _top(run: Run) -> str:
    sentence, good = verdict(run)
    green = run.counts()["pass"]
    hidden = f"<p>{green} verdicts are green and not listed below.</p>" if len(run.results) > MOST_ROWS else ""
    rows = "".join(
        f'<tr class="kc-{finding.outcome.value}"><td>{_WORDS[finding.outcome]}</td><td>{escape(finding.nodes)}</td>'
        f"<td>{escape(finding.title)}<br><small>{escape(finding.check)}</small></td><td>{escape(finding.text)}</td><td>{_do(finding.do)}</td></tr>"
        for finding in findings(run)
    )
    table = (
        "<h3>What to do now</h3><table class='kc-todo'><thead><tr><th></th><th>Nodes</th><th>Check</th><th>Found</th>"
        f"<th>What to do</th></tr></thead><tbody>{rows}</tbody></table>"
        "<p><small>More about a check: <code>kdumpcheck explain ID</code></small></p>"
    )
    repairs = "".join(_repair_line(remedy) for remedy in run.remedies if remedy.changes or remedy.result is not True)
    return (
        f'<div class="kc-verdict {"kc-good" if good else "kc-bad"}">{escape(sentence[0].upper() + sentence[1:])}</div>'
        f"{table if rows else ''}"
        f"{hidden}"
        f"{f'<h3>Repairs</h3><ul>{repairs}</ul>' if repairs else ''}"
        f"{proofs.section(run)}"
    )


def _repair_line(remedy: Any) -> str:  # noqa: ANN401 - a RemedyResult; typed in results
    word = {None: "Plan", True: "Done", False: "Failed"}[remedy.result]
    changes = "; ".join(f"{what}: {change['old']} → {change['new']}" for what, change in remedy.changes.items())
    return (
        f"<li><b>{word}</b> {escape(remedy.node)}: {escape(remedy.name)}: {escape(remedy.comment)}"
        f"<br><small>{escape(changes)}</small></li>"
    )


def _proof_row(report: Any, proof: dict[str, Any], known: str) -> list[str]:  # noqa: ANN401 - a pytest report
    word = _PROOF_WORDS.get(proof["word"], "Failed") if report.outcome == "passed" else "Failed"
    check = "Crash proof<br><small>crash.proof</small>"
    return _cells(word, known, escape(proof["node"]), check, escape(proof["reason"]), "", "")


def _do(text: str) -> str:
    return f"<code>{escape(text)}</code>" if text.startswith("pytest ") else escape(text)


def _outcome(cell: str) -> str:
    """The word by which pytest-html counts and filters a row: what its own first cell says."""
    return cell.partition(">")[2].partition("<")[0]


def _row(result: Result, known: str) -> list[str]:
    bad = result.outcome in {Outcome.FAIL, Outcome.WARN}
    check = f"{escape(result.title)}<br><small>{escape(result.check)}</small>"
    found = escape(result.message if result.outcome is Outcome.RECOVERED else result.found or result.message)
    todo = escape(advice(result)) if bad else ""
    return _cells(_WORDS[result.outcome], known, escape(result.node), check, found, escape(result.expected), todo)


def _repair_row(report: Any, remedy: dict[str, Any], known: str) -> list[str]:  # noqa: ANN401 - a pytest report
    changed = {None: "Planned", True: "Recovered" if remedy["changes"] else "Passed", False: "Failed"}
    check = f"Repair<br><small>{escape(remedy['name'])}</small>"
    word = changed[remedy["result"]] if report.outcome == "passed" else "Failed"
    return _cells(word, known, escape(remedy["node"]), check, escape(remedy["comment"]), "", "")


def _cells(word: str, known: str, *cells: str) -> list[str]:
    """A row. pytest-html never shows a row whose first cell is no word of its own, so ours stands beside that one."""
    names = ("node", "check", "found", "expected", "do")
    ours = f'<td class="col-word kc-{word.lower()}">{word}</td>' if word != known else ""
    return [
        f'<td class="col-result"{" hidden" if ours else ""}>{known}</td>{ours}',
        *(f'<td class="col-{name}">{cell}</td>' for name, cell in zip(names, cells, strict=True)),
    ]
