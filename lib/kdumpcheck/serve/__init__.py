# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck serve`: the last run of a suite that is run again and again, for whoever asks over HTTP."""
