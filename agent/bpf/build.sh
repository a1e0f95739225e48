#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compiles the kernel programs to the headers that are shipped.
# build.sh            writes NAME.skel.h for each NAME.bpf.c
# build.sh --check    says whether they are what the sources give; 77: cannot be told here
# build.sh --types WHOLE.btf CUT.btf    of a kernel's types those that the programs read
set -euo pipefail
export LC_ALL=C

[ "${1:-}" != --types ] || set -- "$1" "$(realpath "$2")" "$(realpath "$3")"
cd "$(dirname "${BASH_SOURCE[0]}")"
for program in clang-19 bpftool; do
  command -v "$program" >/dev/null || { echo "build.sh: skipped: no $program (apt-get install $program)" >&2; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

compile() { # NAME: the header must not tell where it was made, so no absolute paths
  local cpu=v2
  [ "$1" != exec_bans ] || cpu=v3 # A budget is spent by compare and exchange: Linux 5.12.
  clang-19 -O2 -g -target bpf "-mcpu=$cpu" -Wall -Wextra -Wno-unused-parameter -Werror \
    -isystem "/usr/include/$(uname -m)-linux-gnu" -c "$1.bpf.c" -o "$work/compiled.o" -fdebug-compilation-dir=.
  bpftool gen object "$work/$1.o" "$work/compiled.o" # The object is named by its name.
  # Written for C: what C++ compilers warn of in it is not ours.
  { echo '#pragma GCC system_header'; bpftool gen skeleton "$work/$1.o" name "${1}_bpf"; } >"$work/$1.skel.h"
}

objects=()
for source in *.bpf.c; do
  name=${source%.bpf.c}
  compile "$name"
  objects+=("$work/$name.o")
  [ "${1:-}" != --types ] || continue
  if [ "${1:-}" != --check ]; then
    cp "$work/$name.skel.h" "$name.skel.h"
  elif ! cmp "$work/$name.skel.h" "$name.skel.h"; then
    echo "build.sh: $name.skel.h is not what the sources give: ./dev bpf" >&2
    exit 1
  fi
done
if [ "${1:-}" = --types ]; then bpftool gen min_core_btf "$2" "$3" "${objects[@]}"; fi
