# SPDX-License-Identifier: Apache-2.0
"""How a pytest run becomes a look at nodes: options, items, reports. `plugin.py` is its face."""
