# SPDX-License-Identifier: Apache-2.0
"""The page itself: one file that needs no other and no network, under a policy that lets only its own script run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from html import escape
from importlib import resources
from pathlib import Path

from kdumpcheck.paths import whole
from kdumpcheck.reporters import proofs
from kdumpcheck.reporters.fleet.changes import changes, earlier_run
from kdumpcheck.reporters.fleet.matrix import OUTCOMES, matrix
from kdumpcheck.reporters.fleet.repairs import repairs
from kdumpcheck.reporters.fleet.todo import WORDS, todo
from kdumpcheck.reporters.folding import subjects, verdict
from kdumpcheck.results import Run
from kdumpcheck.results.words import kept_since

NAME = "index.html"
#: Other reports of the same run, from the one for a person to the one for a gate.
BESIDE = ("report.html", "results.json", "junit.xml")
#: Proofs that are told in full, the bad ones first.
MOST_PROOFS = 100


def write(run: Run, directory: Path, earlier: Path | None = None) -> Path:
    """Write `index.html` whole or not at all, with links to the reports that are there. Raises `OSError`.

    `earlier` is the results.json of the run before, if there was one.
    """
    beside = [name for name in BESIDE if (directory / name).exists()]
    before = earlier_run(earlier) if earlier is not None else None
    return whole(directory / NAME, [page(run, beside, before)])


def page(run: Run, beside: Iterable[str] = (), earlier: Run | None = None) -> str:
    """The page of a run, with links to the reports that stand `beside` it; all that the run says is escaped here."""
    style, script = _file("fleet.css"), _file("fleet.js")
    sections = {"todo": todo(run), "changes": changes(run, earlier), "repairs": repairs(run), "proofs": _proofs(run)}
    fields = {
        "policy": f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        "verdict": _verdict(run),
        "facts": _facts(run),
        "contents": _contents(sections),
        **sections,
        "outcomes": _outcomes(run),
        "data": matrix(run),
        "links": "".join(f'<a href="{escape(name)}">{escape(name)}</a> · ' for name in beside),
    }
    # One pass over our own template: what a node said is never looked through for more fields.
    parts = _file("fleet.html").split("@@")
    return "".join(fields[part] if place % 2 else part for place, part in enumerate(parts))


def _file(name: str) -> str:
    return resources.files("kdumpcheck.reporters.fleet").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _verdict(run: Run) -> str:
    sentence, good = verdict(run)
    if good and run.exit_status:
        # Tests that are no checks are not in the document, and may have failed.
        sentence += f", but the run ended with exit status {run.exit_status}: see report.html and the terminal"
        good = False
    kind, sign = ("good", "✓") if good else ("bad", "✗")
    shown = escape(sentence[:1].upper() + sentence[1:])
    return f'<p class="verdict {kind}" role="status"><span aria-hidden="true">{sign}</span> {shown}</p>{_half(run)}'


def _half(run: Run) -> str:
    if not run.interrupted:
        return ""
    whole_run, judged = len(run.nodes) * len(run.checks), len(run.results)
    known = f"{judged} of up to {whole_run} verdicts were given" if whole_run else "nothing was judged"
    return f'<p class="verdict half">This run was interrupted: {known} before. What is not below is not known.</p>'


def _facts(run: Run) -> str:
    looked = "the nodes were looked at in this run"
    if run.mode == "replay" and run.nodes:
        looked = f"{kept_since(datetime.fromisoformat(node.taken) for node in run.nodes.values())}; no node was reached"
    parts = (
        looked,
        f"started {run.started:%Y-%m-%d %H:%M:%S} UTC",
        f"{subjects(run, len(run.nodes))}, {len(run.checks)} checks",
        f"kdumpcheck {run.version}",
    )
    return escape(" · ".join(parts))


def _outcomes(run: Run) -> str:
    counts = run.counts()
    return "".join(
        f'<button type="button" class="{outcome.value}" data-outcome="{place}" aria-pressed="false">'
        f'<span aria-hidden="true">{sign}</span> {word} <b>{counts[outcome.value]}</b></button>'
        for place, (outcome, (sign, word)) in enumerate((outcome, WORDS[outcome]) for outcome in OUTCOMES)
    )


def _contents(sections: Mapping[str, str]) -> str:
    there = "".join(f'<a href="#{name}">{title}</a> ' for name, title in _TITLES.items() if sections[name])
    return f'<nav aria-label="On this page">{there}<a href="#nodes">Nodes and checks</a></nav>'


_TITLES = {"todo": "What to do now", "changes": "What changed", "repairs": "Repairs", "proofs": "Crash proofs"}


def _proofs(run: Run) -> str:
    told = sorted(run.proofs, key=lambda proof: not proof.bad)
    section = proofs.section(replace(run, proofs=told[:MOST_PROOFS]))
    more = len(told) - MOST_PROOFS
    rest = f"<p>{more} more crash proofs are in results.json.</p>" if more > 0 else ""
    return f'<section id="proofs">{section}{rest}</section>' if section else ""
