#!/bin/sh
# Builds the programs of this folder against a library and runs them.
#
#     run.sh MODE <include folder> <library folder> <library> <build folder>
#
# MODE is plain, address, thread, valgrind or bench. plain also holds the header to four compilers and
# the library's exports to symbols.txt; bench prints JSON and nothing else.
set -eu

mode=$1 include=$2 library_folder=$(cd "$3" && pwd) library=$4 build=$5
here=$(cd "$(dirname "$0")" && pwd)
warnings='-Wall -Wextra -pedantic -Werror'
posix='-D_POSIX_C_SOURCE=200809L'
common='probe numbers fixture oracle scene detectors watermarks thresholds'
failures=0
mkdir -p "$build"

say() { printf '%s\n' "$*"; }
fail() {
    say "FAILED: $*"
    failures=$((failures + 1))
}
has() { command -v "$1" >/dev/null 2>&1; }

# ---- What to build with ------------------------------------------------------------------------

compiler=gcc options='-O1 -g' wrapper='' extra=''
case $mode in
plain) has gcc || compiler=clang ;;
bench)
    has gcc || compiler=clang
    options='-O2'
    ;;
address) compiler=clang options="-O1 -g -fsanitize=address" ;;
thread)
    compiler=clang options="-O1 -g -fsanitize=thread"
    # The runtime of Swift's clang intercepts libdispatch, and so needs it.
    runtime=$(dirname "$(readlink -f "$(command -v clang)")")/../lib/swift/linux
    extra="-L$runtime -Wl,-rpath,$runtime -ldispatch -lBlocksRuntime -ldl -rdynamic"
    common="$common tsan_mutex"
    ;;
valgrind)
    has gcc || compiler=clang
    # Without undefined values: memcheck takes for one the tag in a spare bit of a partly written word, by
    # which the compiler copies and ends a two-case enum (all its reports are in such a function).
    wrapper="valgrind -q --undef-value-errors=no --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
        --show-leak-kinds=definite"
    ;;
*)
    say "mode is '$mode', expected plain, address, thread, valgrind or bench"
    exit 2
    ;;
esac
# ---- The header, the layout and the names -------------------------------------------------------

check_header() {
    compilers=0
    for each in gcc clang; do
        has $each || continue
        compilers=$((compilers + 1))
        for file in header_alone.c probe_layout.c; do
            for standard in c99 c11 c17; do
                $each -std=$standard $warnings -Wstrict-prototypes -I"$include" -fsyntax-only \
                    "$here/$file" || fail "$each -std=$standard $file"
            done
        done
    done
    ! has gcc || gcc -std=c99 $warnings -Wc++-compat -Wconversion -Wundef -I"$include" \
        -fsyntax-only "$here/header_alone.c" || fail "gcc -Wc++-compat header_alone.c"
    for each in g++ clang++; do
        has $each || continue
        compilers=$((compilers + 1))
        for standard in c++11 c++20; do
            for file in header_alone.cpp probe_layout.c; do
                $each -x c++ -std=$standard $warnings -I"$include" -fsyntax-only "$here/$file" ||
                    fail "$each -std=$standard $file"
            done
        done
    done
    [ $compilers -ge 2 ] || fail "no C and C++ compiler was found"
    say "header: $compilers compilers"
}

# Every name in the header is listed, and the library exports the listed names and nothing else.
check_names() {
    tr '\n' ' ' <"$include/steering.h" | sed 's/;/;\n/g' | grep -o 'STEER_API [^;(]*(' |
        grep -o 'steer_[a-z_0-9]*($' | tr -d '(' | LC_ALL=C sort >"$build/declared.txt"
    cmp "$build/declared.txt" "$here/symbols.txt" || fail "the header does not declare symbols.txt"
    nm -D --defined-only "$library_folder/lib$library.so" | awk '$2 != "A" { print $3 }' |
        sed 's/@@.*//' | LC_ALL=C sort >"$build/exported.txt"
    if [ "$library" = steering ]; then
        cmp "$build/exported.txt" "$here/symbols.txt" ||
            fail "the library does not export symbols.txt"
    else
        missing=$(LC_ALL=C comm -13 "$build/exported.txt" "$here/symbols.txt")
        [ -z "$missing" ] || fail "not exported: $missing"
    fi
    # Everything that the header adds must be frozen too: constants, structs and their fields.
    for name in $(grep -o '\<STEER_[A-Z0-9_]* *= *[0-9]' "$include/steering.h" |
        grep -o '^[A-Z0-9_]*'); do
        grep -q "VALUE($name," "$here/probe_layout.c" || fail "$name is not in probe_layout.c"
    done
    fields=$($compiler -E -P "$include/steering.h" | tr '\n' ' ' |
        grep -o 'typedef struct steer_[a-z_]* {[^}]*}' | tr -cd ';' | wc -c)
    frozen=$(grep -c '^FIELD(' "$here/probe_layout.c")
    [ "$fields" = "$frozen" ] || fail "the header has $fields fields, probe_layout.c $frozen"
    say "names: $(wc -l <"$here/symbols.txt")"
}

# ---- The programs -------------------------------------------------------------------------------

# The backtracer would hold a crashed process.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS="detect_leaks=1:quarantine_size_mb=1:detect_stack_use_after_return=0"
export TSAN_OPTIONS="halt_on_error=0:exitcode=66"

compile() { $compiler -std=c99 $posix $warnings $options -I"$here" -I"$include" "$@"; }

build_program() {
    compile "$here/$1.c" $objects -L"$library_folder" -l"$library" \
        -Wl,-rpath,"$library_folder" -lm -lpthread $extra -o "$build/$1" 2>"$build/log" || {
        cat "$build/log"
        return 1
    }
    grep -v 'Cannot export local symbol' "$build/log" || true # gold, about the sanitizer's own
}

run_program() {
    name=$1
    shift
    build_program "$name" || {
        fail "$name does not build"
        return
    }
    if output=$($wrapper "$build/$name" "$@" 2>&1); then
        say "$name: $(say "$output" | tail -n 1)"
    else
        say "$output"
        fail "$name $*"
    fi
}

# Found at run time, not linked.
load_and_unload() {
    compile "$here/test_loading.c" "$build/probe.o" "$build/numbers.o" "$build/fixture.o" -lm -ldl \
        -o "$build/test_loading" 2>"$build/log" || {
        cat "$build/log"
        fail "test_loading does not build"
        return
    }
    if output=$($wrapper "$build/test_loading" "$library_folder/lib$library.so" 2>&1); then
        say "test_loading: $output"
    else
        say "$output"
        fail test_loading
    fi
}

build=$(cd "$build" && pwd)
include=$(cd "$include" && pwd)
if [ "$mode" = plain ]; then
    check_header
    check_names
    g++ -std=c++11 $warnings -I"$include" "$here/header_alone.cpp" -L"$library_folder" \
        -l"$library" -Wl,-rpath,"$library_folder" -o "$build/header_alone" && "$build/header_alone" ||
        fail "header_alone.cpp"
fi
objects=
for name in $common; do
    compile -c "$here/$name.c" -o "$build/$name.o"
    objects="$objects $build/$name.o"
done
if [ "$mode" = bench ]; then
    build_program bench_call
    exec "$build/bench_call"
fi
for name in test_null test_structs test_watermark test_watermark_refusals; do
    run_program $name "$here/../../vectors/watermark/host"
done
for name in test_rows test_batches test_values test_plans test_sessions \
    test_observing test_detectors test_dictionaries test_fingerprints; do
    run_program $name
done
case $mode in
plain)
    run_program test_encoders
    run_program test_threads 12
    run_program test_cycles 20000 2000
    run_program test_allocations "$here/../../Benchmarks/thresholds/allocations.json" \
        "$here/../../vectors/importers"
    load_and_unload
    ;;
address)
    run_program test_encoders
    run_program test_threads 4
    run_program test_cycles 2000 200 100000 # leaks are the sanitizer's to find
    ;;
thread)
    run_program test_encoders
    run_program test_threads 12
    ;;
valgrind)
    # Not test_encoders: it runs one thread at a time, and takes minutes to change between them.
    run_program test_threads 1
    run_program test_cycles 20 20 100000
    ;;
esac

# ---- Inputs that fuzzing found interesting, or broke something once -----------------------------

replay() { # target, inputs
    target=$1
    shift
    compile -I"$fuzz" "$fuzz/replay.c" "$fuzz/fuzz_$target.c" "$fuzz/target.c" $objects \
        -L"$library_folder" -l"$library" -Wl,-rpath,"$library_folder" -lm $extra \
        -o "$build/replay_$target" 2>"$build/log" || {
        cat "$build/log"
        fail "replay_$target does not build"
        return
    }
    if output=$($wrapper "$build/replay_$target" "$@" 2>&1); then
        say "replay_$target: $output"
    else
        say "$output"
        fail "replay_$target"
    fi
}

if [ "$mode" != thread ]; then
    fuzz=$here/../../Fuzz
    replay plan_json "$fuzz"/../docs/schemas/examples/*.json \
        $(find "$fuzz/regressions" -path '*/plan_json/*' 2>/dev/null)
    replay calls "$fuzz"/seeds/calls/* $(find "$fuzz/regressions" -path '*/calls/*' 2>/dev/null)
fi
[ $failures -eq 0 ] || {
    say "$failures failed"
    exit 1
}
say "all passed ($mode)"
