#!/bin/sh
# Installs into a temporary folder, moves it, builds docs/examples against it as a reader would,
# outside the repository, runs them where no Swift is to be found, and uninstalls.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd)
make=${MAKE:-make}
swift=${SWIFT:-swift}
dictionary=$root/default/gemma-3-270m-layer12-topk32-4096

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
    echo "check-installed: $*" >&2
    exit 1
}
same() { [ "$1" = "$2" ] || fail "found '$1', expected '$2'"; }

# ---- Install, and move: nothing in it may know where it was put --------------------------------

"$make" --no-print-directory install PREFIX="$tmp/first" DESTDIR= >"$tmp/install.log" 2>&1 || {
    cat "$tmp/install.log" >&2
    fail "make install"
}
grep "^\.build-lib/lib/.* bytes" "$tmp/install.log" || true
usr=$tmp/usr
mv "$tmp/first" "$usr"
if grep -rlF "$tmp" "$usr"; then fail "a file knows the folder that it was installed to"; fi
if grep -rlF "$root" "$usr/include" "$usr/lib"; then fail "a file knows where it was built"; fi

export PKG_CONFIG_PATH="$usr/lib/pkgconfig"
version=$(pkg-config --modversion steering)
same "$(env -i "$usr/bin/steerctl" --version)" "$version"
cmp "$usr/include/steering.h" Sources/CSteering/include/steering.h

# ---- Build the examples ------------------------------------------------------------------------

cp -r docs/examples "$tmp/examples"
cp -r Tests/Installed "$tmp/probe"
cd "$tmp/examples"
strict='-Wall -Wextra -pedantic -Werror -O2'
libdir=$(pkg-config --variable=libdir steering)
# As in the comment at the top of the example; and the whole library in the program.
gcc -std=c99 $strict c/steer.c $(pkg-config --cflags --libs steering) -lm \
    -Wl,-rpath,"$libdir" -o c/shared
gcc -std=c99 $strict c/steer.c $(pkg-config --cflags --libs --static steering |
    sed 's/-lsteering/-l:libsteering.a/') -lm -Wl,--gc-sections -o c/static
gcc -std=c99 $strict ../probe/quiet.c $(pkg-config --cflags steering) -ldl -o ../probe/quiet

project() { # build folder, options
    folder=$1
    shift
    cmake -S cmake -B "$folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER=g++ \
        -DCMAKE_CXX_FLAGS="$strict" -DCMAKE_PREFIX_PATH="$usr" "$@" >"$folder.log" 2>&1 &&
        cmake --build "$folder" >>"$folder.log" 2>&1 || {
        cat "$folder.log" >&2
        fail "the CMake example"
    }
}
project build-shared
project build-static -DOBSERVE_STATIC=ON

# The package answers for its version: this major one, and not a later release.
finds() {
    mkdir -p asks
    cat >asks/CMakeLists.txt <<CMAKE
cmake_minimum_required(VERSION 3.19)
project(asks NONE)
find_package(Steering $1 REQUIRED)
CMAKE
    rm -rf asks/build
    cmake -S asks -B asks/build -DCMAKE_PREFIX_PATH="$usr" >asks/log 2>&1
}
for wanted in "" "$version" "$version EXACT" "${version%.*}" "${version%.*}...99"; do
    finds "$wanted" || fail "find_package(Steering $wanted) finds nothing in $version"
done
for wanted in 98 99.0 "99...100"; do
    if finds "$wanted"; then fail "find_package(Steering $wanted) accepts $version"; fi
done

# ---- Run them without Swift --------------------------------------------------------------------

cat >run.sh <<'RUN'
set -eu
[ -z "${HIDE:-}" ] || for folder in $HIDE; do mount -t tmpfs none "$folder"; done
for program in c/shared c/static build-shared/observe build-static/observe \
    "$USR/lib/libsteering.so"; do
    libraries=$(ldd "$program" | awk '{ print $1, $3 == "not" ? "not found" : "" }')
    if echo "$libraries" | grep -i -e swift -e openblas -e json -e 'not found'; then
        echo "$program needs more than C and C++" >&2
        exit 1
    fi
done
for kind in shared static; do
    ./c/$kind "$DICTIONARY" c/plan.json >c/$kind.out
    ./build-$kind/observe "$DICTIONARY" 1234 77 >build-$kind.out
done
../probe/quiet "$USR/lib/libsteering.so" "$DICTIONARY"
"$USR/bin/steerctl" apply --feature 1234 --alpha 4 --output steered.safetensors >/dev/null
RUN
resources=$("${swift}c" -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
run() { env -i PATH=/usr/bin:/bin USR="$usr" DICTIONARY="$dictionary" "$@"; }
if unshare -m true 2>/dev/null; then
    run HIDE="$resources ${resources}_static" unshare -m sh run.sh
    echo "run with Swift's libraries hidden"
else
    run sh run.sh
    echo "run with Swift's libraries in place: hiding them needs root"
fi

cat >expected.out <<OUT
steering $version
row 0: untouched, moved by 0.0000
row 1: edited, moved by 4.0000
row 2: edited, moved by 4.0000
row 3: edited, moved by 4.0000
OUT
diff expected.out c/shared.out
diff c/shared.out c/static.out
diff build-shared.out build-static.out
# The clamped row reads more than nothing, the row without a plan what it read before.
awk '$1 == "after" && $3 == 0 { rows++; if ($6 > 1) clamped++ }
    END { exit !(rows == 2 && clamped == 2) }' build-shared.out ||
    fail "row 0 was not clamped: $(cat build-shared.out)"
grep -q '^before *row 1' build-shared.out || fail "no row 1: $(cat build-shared.out)"
same "$(sed -n 's/^after *row 1/row 1/p' build-shared.out)" \
    "$(sed -n 's/^before *row 1/row 1/p' build-shared.out)"
# Errors arrive as words, not as crashes.
echo '{"version": 1, "interventions": [{"feature": 4096}]}' >bad.json
status=0
./c/shared "$dictionary" bad.json 2>bad.err || status=$?
same "$status" 1
grep -q STEER_ERR_PLAN bad.err || fail "$(cat bad.err)"

# ---- Uninstall ---------------------------------------------------------------------------------

cd "$root"
"$make" --no-print-directory uninstall PREFIX="$usr" DESTDIR= >/dev/null
left=$(find "$usr" ! -type d)
same "$left" ""
echo "installed, moved, linked, run and uninstalled steering $version"
