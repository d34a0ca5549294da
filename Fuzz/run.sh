#!/bin/sh
# Builds the library for fuzzing and runs targets, every one unless told: run.sh seconds [swift [targets]]
set -eu

seconds=$1 swift=${2:-swift} targets=${3:-}
calls='plan_json calls'
readers='safetensors npy npz torch gguf yaml detector watermark_key watermark_bank'
cd "$(dirname "$0")/.."
build=.build-fuzz
probe=Tests/ABIProbe
# The backtracer would hold a crashed process.
export SWIFT_BACKTRACE=enable=no

# Coverage that libFuzzer reads needs both compilers to count in the same way.
coverage=edge,inline-8bit-counters,pc-table,trace-cmp
"$swift" build -c release --product SteeringC --sanitize=address --scratch-path $build \
    -Xswiftc -sanitize-coverage=$coverage \
    -Xcc -fsanitize-coverage=inline-8bit-counters,pc-table,trace-cmp
library=$(pwd)/$build/release
mkdir -p $build/found

# Bytes that a single allocation may have, in MiB: views of torch may be copied to 64 MiB and 8 times the
# file, which bounds everything else too.
largest=80

compile_calls() { # target
    clang -std=c99 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -g -O1 \
        -fsanitize=fuzzer,address -IFuzz -I$probe -ISources/CSteering/include Fuzz/fuzz_$1.c Fuzz/target.c \
        $probe/fixture.c $probe/numbers.c $probe/probe.c \
        -L"$library" -lSteeringC -Wl,-rpath,"$library" -lm -o $build/fuzz_$1
}

# The readers are not in the C interface: a target is Swift, of the same package, with their objects.
compile_readers() { # target
    package=$(grep '"-module-name","Formats"' $build/release.yaml |
        grep -o '"-package-name","[^"]*"' | head -n 1 | cut -d '"' -f 4)
    parts='Formats Tensors CKernels'
    case $1 in
    detector) parts="$parts Detector SAE Importers Steering" ;;
    watermark_*) parts="$parts Detector SAE Importers Steering Watermark" ;;
    esac
    objects=$(for part in $parts; do find "$library/$part.build" -name '*.o'; done)
    modules=$library/Modules
    [ -d "$modules" ] || modules=$library
    # shellcheck disable=SC2046
    "${swift}c" -g -O -parse-as-library -sanitize=fuzzer,address -sanitize-coverage=$coverage \
        -package-name "$package" -I "$modules" -I Sources/CJSON -I Sources/CYAML -I Sources/CZlib \
        -I Sources/CMessageDigest -I Sources/CKernels/include \
        $(pkg-config --cflags json-c libmd yaml-0.1 zlib) \
        Fuzz/readers/Input.swift Fuzz/readers/$1.swift \
        $objects \
        $(pkg-config --libs json-c libmd yaml-0.1 zlib) -o $build/fuzz_$1
}

for target in ${targets:-$calls $readers}; do
    seeds=Fuzz/seeds/$target
    case " $calls " in
    *" $target "*) kind=calls ;;
    *)
        case " $readers " in
        *" $target "*) kind=readers ;;
        *)
            echo "no target is called $target, expected some of $calls $readers"
            exit 1
            ;;
        esac
        ;;
    esac
    [ $target != plan_json ] || seeds=docs/schemas/examples
    [ $target != detector ] || seeds=docs/schemas/detector-examples
    compile_$kind $target 2>$build/log || {
        cat $build/log
        exit 1
    }
    mkdir -p $build/corpus/$target
    # What earlier runs have learned, minimised.
    [ ! -f Fuzz/corpus/$target.tar.gz ] || tar xzf Fuzz/corpus/$target.tar.gz -C $build/corpus
    [ ! -d Fuzz/regressions/$target ] || seeds="$seeds Fuzz/regressions/$target"
    echo "fuzz_$target: $seconds seconds"
    # shellcheck disable=SC2086
    $build/fuzz_$target -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2500 \
        -malloc_limit_mb=$largest -max_len=4096 \
        -artifact_prefix=$build/found/$target- -print_final_stats=1 $build/corpus/$target $seeds \
        >$build/fuzz_$target.log 2>&1 || {
        tail -n 60 $build/fuzz_$target.log
        echo "fuzz_$target failed: the input is in $build/found"
        exit 1
    }
    grep -E '^Done|DONE|peak_rss' $build/fuzz_$target.log
done
