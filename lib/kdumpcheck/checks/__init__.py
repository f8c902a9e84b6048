# SPDX-License-Identifier: Apache-2.0
"""Checks: what a healthy node looks like, judged from facts alone."""

from __future__ import annotations

from kdumpcheck.checks.check import Check, CheckDefinitionError, check, check_of
from kdumpcheck.checks.expect import Failed, NotApplicable, could_not_look, expect, not_applicable, prefer
from kdumpcheck.checks.judge import Judge
from kdumpcheck.checks.result import Outcome, Result, Severity
from kdumpcheck.checks.subject import Subject

__all__ = [
    "Check",
    "CheckDefinitionError",
    "Failed",
    "Judge",
    "NotApplicable",
    "Outcome",
    "Result",
    "Severity",
    "Subject",
    "check",
    "check_of",
    "could_not_look",
    "expect",
    "not_applicable",
    "prefer",
]
