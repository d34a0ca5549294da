#!/bin/sh
# Measures sparse (expander) rows against dense ones and prints tables for docs/architectures/expander.md.
# Columns: bytes and weights, dense over sparse; encode and decode time, dense over sparse.
set -eu
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
${CC:-clang} -std=c99 -O2 -Wall -Wextra -I Sources/CKernels/include \
  Tests/KernelBench/bench_expander.c Sources/CKernels/*.c -o "$out/bench"
"$out/bench"
