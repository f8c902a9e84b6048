# SPDX-License-Identifier: Apache-2.0
"""The crash proof: crash a node on purpose, watch it until it is back, and show that its dump is whole and its own."""
