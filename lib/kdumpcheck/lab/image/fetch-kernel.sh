#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mmdebstrap hook: unpack the kernel a meta package stands for into the new root, without its dependencies.
#
#   fetch-kernel.sh ROOT META_PACKAGE
set -eu
root=$1
meta=$2
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
package=$(apt-cache depends "$meta" | sed -n 's/^ *Depends: \(linux-image-[^ ]*\).*/\1/p' | head -n 1)
[ -n "$package" ] || { echo "$meta names no kernel package" >&2; exit 1; }
spool=$root/var/cache/fetch-kernel
mkdir -p "$spool"
cd "$spool"
apt-get -o APT::Sandbox::User=root download "$package"
# /lib is a link to usr/lib in the root but a directory in the package.
dpkg-deb --fsys-tarfile ./*.deb | tar -x --keep-directory-symlink -C "$root"
cd /
rm -rf "$spool"
