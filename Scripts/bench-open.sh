#!/bin/sh
# Measures opening a dictionary and steering a first row, cold and warm, and prints a table. Needs 4 GB on
# the disk of the folder given (default: a temporary one), and `swift build -c release --product SteeringC`.
set -eu
cd "$(dirname "$0")/.."
library=$(pwd)/.build/release
out=$(mktemp -d ${1:+-p "$1"})
trap 'rm -rf "$out"' EXIT
mkdir "$out/dictionary"
${CC:-clang} -std=c99 -O2 -Wall -Wextra -I Sources/CSteering/include \
  Tests/KernelBench/bench_open.c -L "$library" -lSteeringC -Wl,-rpath,"$library" -o "$out/bench"
"$out/bench" "$out/dictionary"
