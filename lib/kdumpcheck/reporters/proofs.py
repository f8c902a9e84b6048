# SPDX-License-Identifier: Apache-2.0
"""Crash proofs in `report.html`. Everything a node or its console said is escaped here."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from kdumpcheck.crash.proof import DumpFacts, Proof
from kdumpcheck.facts.lines import size
from kdumpcheck.guards import Gate
from kdumpcheck.results import Run


def section(run: Run) -> str:
    """The proofs of this run in full, and a row for each node that was proved before; "" where there is neither."""
    known = [(node.name, node.proof) for node in run.nodes.values() if node.proof is not None]
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(proof.line)}</td><td>{escape(_state(proof.outdated))}</td></tr>"
        for name, proof in known
    )
    table = f"<table class='kc-proofs'><tbody>{rows}</tbody></table>" if rows else ""
    told = "".join(map(_proof, run.proofs))
    return f"<h3>Crash proofs</h3>{told}{table}" if told or table else ""


def _state(outdated: str) -> str:
    return f"out of date: {outdated}" if outdated else "still holds"


def _proof(proof: Proof) -> str:
    good = "kc-bad" if proof.bad else "kc-good"
    word, line = escape(proof.word.value), escape(f"{proof.node}: {proof.reason}")
    log = f"<p>The whole console: <code>{escape(proof.console_log)}</code></p>" if proof.console_log else ""
    return (
        f"<details class='kc-proof'{' open' if proof.bad else ''}>"
        f"<summary><b class='{good}'>{word}</b> {line}</summary>"
        f"{_list('What could not be seen', map(escape, proof.unseen))}"
        f"{_phases(proof)}"
        f"{_gates('Before the crash', proof.gates)}{_gates('After the crash', proof.points)}"
        f"{_dump(proof.dump)}{_console(proof)}{log}</details>"
    )


def _phases(proof: Proof) -> str:
    if not proof.phases:
        return ""
    begins = [each.at for each in proof.phases]
    end = max([proof.seconds, *begins])
    rows = "".join(
        f"<tr><td>{each.at:.1f} s</td><td>{escape(each.phase)}</td><td>{_bar(each.at, until, end)}</td></tr>"
        for each, until in zip(proof.phases, [*begins[1:], end], strict=True)
    )
    return f"<h4>Timeline</h4><table class='kc-phases'><tbody>{rows}</tbody></table>"


def _bar(begin: float, until: float, end: float) -> str:
    """A phase's share of the whole; in attributes, since a strict policy lets no style stand in a tag."""
    if not end:
        return ""
    place, width = 100 * begin / end, max(0.5, 100 * (until - begin) / end)
    bar = f'<rect x="{place:.1f}" y="2" width="{width:.1f}" height="6"/>'
    return f'<svg class="kc-bar" viewBox="0 0 101 10" preserveAspectRatio="none" aria-hidden="true">{bar}</svg>'


def _gates(title: str, gates: Iterable[Gate]) -> str:
    lines = (f"{'✓' if gate.holds else '✗'} <b>{escape(gate.name)}</b>: {escape(gate.said)}" for gate in gates)
    return _list(title, lines)


def _list(title: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<h4>{title}</h4><ul>{items}</ul>" if items else ""


def _dump(dump: DumpFacts | None) -> str:
    if dump is None:
        return ""
    where = "still there" if dump.kept else "removed again"
    files = ", ".join(dump.files)
    return (
        f"<h4>Dump</h4><p>{escape(dump.path)} ({where}): {size(dump.size)}, {escape(dump.kind)}, of "
        f"{escape(dump.release)}<br><small>{escape(files)}</small></p>"
    )


def _console(proof: Proof) -> str:
    if not proof.bad or not proof.last_lines:
        return ""
    lines = "\n".join(map(escape, proof.last_lines))
    return f"<h4>The console's last lines</h4><pre class='kc-console'>{lines}</pre>"
