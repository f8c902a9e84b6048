# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck dumps`: every dump of every node, whole or not, and how long it is kept."""
