#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the kernel program to the header that is shipped.
# build.sh            writes tasks.skel.h
# build.sh --check    says whether tasks.skel.h is what the sources give; 77: cannot be told here
set -euo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")"
for program in clang-19 bpftool; do
  command -v "$program" >/dev/null || { echo "build.sh: skipped: no $program (apt-get install $program)" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The header must not tell where it was made: no absolute paths, and the object is named by its name.
clang-19 -O2 -g -target bpf -mcpu=v2 -Wall -Wextra -Werror -isystem "/usr/include/$(uname -m)-linux-gnu" \
  -c tasks.bpf.c -o "$work/compiled.o" -fdebug-compilation-dir=.
bpftool gen object "$work/tasks.o" "$work/compiled.o"
# What bpftool writes is C, and not ours: its warnings, its leak when memory has run out.
{
  echo '#pragma GCC system_header'
  echo '// NOLINTBEGIN(clang-analyzer-*)'
  bpftool gen skeleton "$work/tasks.o" name tasks_bpf
  echo '// NOLINTEND(clang-analyzer-*)'
} >"$work/tasks.skel.h"

if [ "${1:-}" != --check ]; then
  cp "$work/tasks.skel.h" tasks.skel.h
elif ! cmp "$work/tasks.skel.h" tasks.skel.h; then
  echo "build.sh: tasks.skel.h is not what the sources give: ./dev bpf" >&2
  exit 1
fi
