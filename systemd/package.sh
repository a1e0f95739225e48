#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian package from a source archive of this tree.
#   package.sh DIRECTORY [VERSION]
# The archive is what git would give, or the tree itself where there is no git; it is unpacked and
# built below DIRECTORY, where the .deb is left. Two builds give the same bytes. VERSION is that of
# CMakeLists.txt; another one is for tests of upgrades. HULLMARK_CMAKE_OPTIONS are passed on.
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC

tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$1"
place=$(cd "$1" && pwd)
upstream=$(sed -nE 's/^project\(hullmark VERSION ([0-9.]+) .*/\1/p' "$tree/CMakeLists.txt")
version=${2:-$upstream}-1

in_git() { [ -e "$tree/.git" ] && git -C "$tree" rev-parse -q --verify HEAD >/dev/null 2>&1; }

# When the source was made: the package says so, and no file in it is younger.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  if in_git; then SOURCE_DATE_EPOCH=$(git -C "$tree" log -1 --format=%ct)
  else SOURCE_DATE_EPOCH=$(stat -c %Y "$tree/CMakeLists.txt"); fi
fi
export SOURCE_DATE_EPOCH

archive=$place/hullmark_$upstream.orig.tar
rm -rf "$place/source"
mkdir -p "$place/source"
if in_git; then git -C "$tree" archive --format=tar HEAD >"$archive"
else tar -C "$tree" --exclude=./build --exclude=./.git --exclude=__pycache__ -cf "$archive" .; fi
tar -C "$place/source" -xf "$archive"

cd "$place/source"
cp -r systemd/debian debian
cat >debian/changelog <<C
hullmark ($version) unstable; urgency=medium

  * Built from the source archive of $upstream.

 -- $(sed -n 's/^Maintainer: //p' debian/control)  $(date -R -d "@$SOURCE_DATE_EPOCH")
C
# No second package with the symbols: who debugs this builds it.
DEB_BUILD_OPTIONS="noautodbgsym parallel=$(nproc)" dpkg-buildpackage -b -us -uc
cd "$place"
rm -rf source "$archive" ./*.buildinfo ./*.changes
ls "$place"/hullmark_"$version"_*.deb
