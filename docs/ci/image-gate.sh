#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The image gate as a step of a pipeline (GitHub Actions, GitLab CI, Jenkins): image-gate.sh IMAGE [REPORTS]
#   GitHub Actions   - run: docs/ci/image-gate.sh filesystem.squashfs reports/gate
#   GitLab CI        script: [docs/ci/image-gate.sh filesystem.squashfs reports/gate]; artifacts: reports: junit: reports/gate/junit.xml
#   Jenkins          sh 'docs/ci/image-gate.sh filesystem.squashfs reports/gate'; junit 'reports/gate/junit.xml'
# What ships beside the image is taken when it lies beside it: vmlinuz, initrd.img.xz, cmdline. A warning does not stop the
# pipeline; with STRICT=1 it does. With BOOT=1 the image is booted in a virtual machine and judged there, too; with BOOT=crash
# that machine is crashed as well, and its dump must be whole. PYTEST names the pytest to use.
set -u
image=${1:?usage: image-gate.sh IMAGE [REPORTS]}
reports=${2:-reports/gate}
beside=$(dirname -- "$image")
set -- --image "$image" --report-dir "$reports"
[ -f "$beside/vmlinuz" ] && set -- "$@" --kernel "$beside/vmlinuz"
[ -f "$beside/initrd.img.xz" ] && set -- "$@" --initrd "$beside/initrd.img.xz"
[ -f "$beside/cmdline" ] && set -- "$@" --cmdline="@$beside/cmdline"
[ "${STRICT:-0}" = 1 ] && set -- "$@" --strict-warnings
tests=tests/validation
case ${BOOT:-0} in
0) ;;
1) set -- "$@" --image-boot ;;
crash) tests=tests/recovery && set -- "$@" --image-boot --crash --apply ;;
*) echo "image-gate.sh: BOOT=$BOOT: it can be 0, 1 or crash" >&2 && exit 4 ;;
esac
"${PYTEST:-pytest}" "$tests" "$@"
verdict=$?
# A gate that looks for the word alone finds it where it stands: one <failure> for each check that fails.
[ -f "$reports/junit.xml" ] && echo "image gate: $(grep -o '<failure' "$reports/junit.xml" | wc -l) failures, exit code $verdict"
exit "$verdict"
