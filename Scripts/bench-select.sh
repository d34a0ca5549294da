#!/bin/sh
# Measures the selection of the best k of n numbers and prints tables: a heap, the kernel, a list of the
# numbers above a threshold, one read of the numbers.
set -eu
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
${CC:-clang} -std=c99 -O2 -Wall -Wextra -I Sources/CKernels/include \
  Tests/KernelBench/bench_select.c Sources/CKernels/*.c -lm -o "$out/bench"
"$out/bench"
