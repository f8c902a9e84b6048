# SPDX-License-Identifier: Apache-2.0
"""The embedded lab: real nodes laid out as NCNs, with BMCs, that can be broken, crashed and healed."""
