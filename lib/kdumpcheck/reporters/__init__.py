# SPDX-License-Identifier: Apache-2.0
"""Reports made from a run: for a person, for a gate, for a program."""
