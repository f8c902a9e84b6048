#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# KVER as an NCN's scripts compute it: from the kernel-default RPM, not from the running kernel.
#
# Kept with its known traits, because checks must cope with them: a PTF or TEST kernel keeps its whole release,
# any other loses the last number; with two kernel RPMs the first version meets the last release.
packages=$(rpm -q --queryformat '%{VERSION}-%{RELEASE}\n' kernel-default)
version=${packages%%-*}
release=${packages##*-}
if ! [[ $release =~ \.(TEST|PTF)\. ]]; then
    release=${release%.*}
fi
KVER="${version}-${release}-default"
export KVER
# shellcheck disable=SC2034  # for whoever sources this file
ADD=(dmsquash-live livenet)
unset packages version release
