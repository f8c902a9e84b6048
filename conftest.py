# SPDX-License-Identifier: Apache-2.0
"""The place for a site's own fixtures; kdumpcheck itself is loaded as an installed pytest plugin."""
