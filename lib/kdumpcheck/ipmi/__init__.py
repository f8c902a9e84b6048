# SPDX-License-Identifier: Apache-2.0
"""Speaking IPMI 2.0 with one BMC, by pyghmi, in a process of its own (`worker.py`): nothing else knows that library."""
