#!/bin/sh
# Builds the library for fuzzing and runs both targets: run.sh seconds [swift]
set -eu

seconds=$1 swift=${2:-swift}
cd "$(dirname "$0")/.."
build=.build-fuzz
probe=Tests/ABIProbe
# The backtracer would hold a crashed process.
export SWIFT_BACKTRACE=enable=no

# Coverage that libFuzzer reads needs both compilers to count in the same way.
"$swift" build -c release --product SteeringC --sanitize=address --scratch-path $build \
    -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
    -Xcc -fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp
library=$(pwd)/$build/release
mkdir -p $build/found

for target in plan_json calls; do
    clang -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -g -O1 \
        -fsanitize=fuzzer,address -IFuzz -I$probe -ISources/CSteering/include Fuzz/fuzz_$target.c Fuzz/target.c \
        $probe/fixture.c $probe/numbers.c $probe/probe.c \
        -L"$library" -lSteeringC -Wl,-rpath,"$library" -lm -o $build/fuzz_$target 2>$build/log || {
        cat $build/log
        exit 1
    }
    case $target in plan_json) seeds=docs/schemas/examples ;; *) seeds=Fuzz/seeds/$target ;; esac
    mkdir -p $build/corpus/$target
    echo "fuzz_$target: $seconds seconds"
    $build/fuzz_$target -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2500 -max_len=4096 \
        -artifact_prefix=$build/found/$target- -print_final_stats=1 $build/corpus/$target $seeds \
        >$build/fuzz_$target.log 2>&1 || {
        tail -n 60 $build/fuzz_$target.log
        echo "fuzz_$target failed: the input is in $build/found"
        exit 1
    }
    grep -E '^Done|DONE' $build/fuzz_$target.log
done
