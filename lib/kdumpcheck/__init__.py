# SPDX-License-Identifier: Apache-2.0
"""kdumpcheck: will this node save a dump when it crashes?"""
