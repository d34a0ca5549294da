#!/bin/sh
# Fits the bundled bank, calibrates it, judges it, and writes the bundled default's detector.
#
#   Banks/english/build.sh ROWS OUT [STEERCTL]
#
# ROWS is what capture.py wrote: shards of pairs, labelled sentences and null documents. OUT receives
# bank, probe, dense probe and what evaluate says of them; default/english.json is replaced.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
rows=$1 out=$2 steerctl=${3:-$root/.build/release/steerctl}
mkdir -p "$out"

for kind in bank probe dense; do
    "$steerctl" fit $kind "$rows"/pairs*.safetensors --threads 2 --output "$out/$kind.fit.json"
    "$steerctl" calibrate "$rows"/null-calibration*.safetensors --detector "$out/$kind.fit.json" \
        --threads 2 --output "$out/$kind.json"
done
for kind in bank probe; do
    "$steerctl" evaluate "$rows"/pairs*.safetensors --detector "$out/$kind.json" \
        --baseline "$out/dense.json" --split held-out --threads 2 --json > "$out/$kind.held-out.json"
    "$steerctl" evaluate "$rows"/labelled*.safetensors --detector "$out/$kind.json" \
        --baseline "$out/dense.json" --threads 2 --json > "$out/$kind.real.json"
    "$steerctl" evaluate "$rows"/null-evaluation*.safetensors --detector "$out/$kind.json" \
        --threads 2 --json > "$out/$kind.null.json"
done
python3 "$root/Banks/english/table.py" "$out" > "$out/table.md"
cp "$out/bank.json" "$root/default/english.json"
python3 "$root/Scripts/list-default.py" "$root/default"
