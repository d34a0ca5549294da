#!/usr/bin/env bash
# Tests the page of a run in a headless browser: that it shows what the run's files say, at three widths,
# in light and dark, by keyboard, on paper; and that 10,000 documents open quickly.
#
#   Scripts/test-report.sh STEERCTL [PICTURES]
#
# STEERCTL is the built tool. Screenshots go to the folder PICTURES where one is given.
set -euo pipefail
cd "$(dirname "$0")/.."

steerctl=$(realpath "${1:?usage: Scripts/test-report.sh STEERCTL [PICTURES]}")
pictures=${2:-}

if ! command -v chromium >/dev/null; then
    echo 'installing chromium'
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    # env, because sudo drops the variable.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

Scripts/make-sample-run.py "$scratch/large" --documents 10000 --structures 12 &
Scripts/make-sample-run.py "$scratch/run" --documents 600 --structures 12
"$steerctl" report "$scratch/run" -o "$scratch/run.html"
Scripts/check-page.py "$scratch/run.html" "$scratch/run" ${pictures:+--pictures "$pictures"}

# One structure, no second one to compare with or to combine.
Scripts/make-sample-run.py "$scratch/one" --documents 40 --structures 1
"$steerctl" report "$scratch/one" -o "$scratch/one.html" --title 'One & only'
Scripts/check-page.py "$scratch/one.html" "$scratch/one"

# Without p-values; with a rate that few documents reach; with more tokens than a call takes arguments.
Scripts/make-sample-run.py "$scratch/scores" --documents 300 --structures 3 --uncalibrated
"$steerctl" report "$scratch/scores" -o "$scratch/scores.html"
Scripts/check-page.py "$scratch/scores.html" "$scratch/scores"
Scripts/make-sample-run.py "$scratch/rare" --documents 300 --structures 3 --rate 1e-4
"$steerctl" report "$scratch/rare" -o "$scratch/rare.html"
Scripts/check-page.py "$scratch/rare.html" "$scratch/rare"
Scripts/make-sample-run.py "$scratch/long" --documents 12 --structures 2 --long 160000
"$steerctl" report "$scratch/long" -o "$scratch/long.html" --tokens 50000
Scripts/check-page.py "$scratch/long.html" "$scratch/long" --long 0 50000

wait
"$steerctl" report "$scratch/large" -o "$scratch/large.html"
Scripts/check-page.py "$scratch/large.html" "$scratch/large" --only-load \
    --most-seconds 2 --most-bytes 10000000
