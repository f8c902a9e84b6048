#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# root=kdump: there is no root to find. systemd binds /kdump to /sysroot, so that every target is reached.
if [ "$(getarg root)" = kdump ]; then
    # shellcheck disable=SC2034  # read by dracut after the hooks
    rootok=1
    root=kdump
fi
