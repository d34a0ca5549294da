#!/bin/sh
# Builds the C library: a shared object that exports the functions of steering.h and nothing else,
# an archive that holds everything Swift it needs, and what pkg-config and CMake ask about them.
#
#   Scripts/make-library.sh FOLDER    (from the root of the repository)
#
# fills FOLDER/include, FOLDER/lib and FOLDER/doc. Every tool comes with Swift's toolchain, none with
# binutils. docs/decisions/0009-c-library.md says why it is done this way.
set -eu

out=$1
swift=${SWIFT:-swift}
header=Sources/CSteering/include/steering.h
frozen=Tests/ABIProbe/symbols.txt

fail() {
    echo "make-library: $*" >&2
    exit 1
}

# ---- What is built -----------------------------------------------------------------------------

version=$(sed -n 's/.*let text: StaticString = "\([0-9]*\.[0-9]*\.[0-9]*\)"$/\1/p' \
    Sources/Steering/SteeringVersion.swift)
[ -n "$version" ] || fail "no version such as \"1.2.3\" in Sources/Steering/SteeringVersion.swift"
abi=$(sed -n 's/^#define STEER_ABI_VERSION \([0-9]*\)$/\1/p' $header)
[ -n "$abi" ] || fail "no STEER_ABI_VERSION in $header"

# ---- Objects -----------------------------------------------------------------------------------

# Those of every other release build: what is linked statically is compiled no other way.
"$swift" build -c release --product SteeringC
built=$("$swift" build -c release --show-bin-path)
list=$built/SteeringC.product/Objects.LinkFileList
[ -s "$list" ] || fail "no list of objects at $list"
# SwiftPM quotes its lines for a shell where a path needs it: read them with one.
eval "set -- $(tr '\n' ' ' <"$list")"

shared=libsteering.so.$abi.$version
work=$out/work
sizes() {
    echo "$out/lib/$shared: $(wc -c <"$out/lib/$shared") bytes, needs $(cat "$work/needed")"
    echo "$out/lib/libsteering.a: $(wc -c <"$out/lib/libsteering.a") bytes"
}

# One at a time, whoever else links: a library that is in the making is not whole.
mkdir -p "$out"
exec 9>"$out/lock"
flock 9

# Linked and checked once: while all that the library was made from is as it was, and so is the library,
# there is nothing to do, and who is using it is not disturbed.
made=$out/made.sha256
if [ -s "$made" ] && sha256sum --check --status "$made" 2>/dev/null; then
    sizes
    exit 0
fi

# ---- What is exported --------------------------------------------------------------------------

rm -rf "$out/include" "$out/lib" "$out/doc" "$work" "$made"
mkdir -p "$out/include" "$out/doc" "$out/lib/pkgconfig" "$out/lib/cmake/Steering" "$work/archives"
work=$(cd "$work" && pwd)

# A function of the header that is not in the frozen list, or the other way round, ends here; a
# function without a body, or a symbol that leaks, further down.
tr '\n' ' ' <$header | grep -o 'STEER_API [^(;]*(' | grep -o 'steer_[a-z0-9_]*($' | tr -d '(' |
    LC_ALL=C sort >"$work/declared"
diff $frozen "$work/declared" >&2 || fail "the functions of $header are not those of $frozen"
{
    echo '{ global:'
    sed 's/$/;/' $frozen
    echo 'local: *; };'
} >"$work/exports.map"

# ---- Tools, and archives of the few system libraries that go in --------------------------------

resources=$("$swift"c -print-target-info |
    sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
tools=$resources/../../bin
for tool in ld.lld llvm-ar llvm-nm llvm-objcopy llvm-objdump swift-autolink-extract; do
    [ -x "$tools/$tool" ] || fail "no $tool in $tools, expected Swift's whole toolchain"
done
static=${resources}_static/linux
[ -e "$static/libswiftCore.a" ] || fail "no static Swift library in $static"

# The linker takes the first folder that has either form of a library: here are archives only.
archive() { # package, file, folder
    [ -e "$3/$2" ] || fail "no $2 in '$3', expected package $1"
    ln -s "$3/$2" "$work/archives/$2"
    # Their licences ask that copies carry them along.
    licence=/usr/share/doc/$1/copyright
    [ -e "$licence" ] || fail "no licence of $1 at $licence"
    cp "$licence" "$out/doc/$1.copyright"
}
archive libjson-c-dev libjson-c.a "$(pkg-config --variable=libdir json-c)"
archive libmd-dev libmd.a "$(pkg-config --variable=libdir libmd)"
archive libyaml-dev libyaml.a "$(pkg-config --variable=libdir yaml-0.1)"
archive zlib1g-dev libz.a "$(pkg-config --variable=libdir zlib)"
# .../gcc/<machine>/<version>/libstdc++.a belongs to the package of that version.
stdcxx=$(dirname "$("$tools/clang" -print-file-name=libstdc++.a)")
archive "libstdc++-$(basename "$(cd "$stdcxx" && pwd -P)")-dev" libstdc++.a "$stdcxx"

# ---- The shared library ------------------------------------------------------------------------

# nodelete: a Swift runtime cannot be unloaded. nostart-stop-gc: the runtime finds its metadata
# between __start_ and __stop_ symbols. Debug information and local names stay out.
"$swift"c -emit-library -static-stdlib -no-toolchain-stdlib-rpath -use-ld=lld \
    -L "$work/archives" -Xclang-linker -static-libgcc "$@" -o "$out/lib/$shared" \
    -Xlinker -soname=libsteering.so."$abi" -Xlinker --version-script="$work/exports.map" \
    -Xlinker --no-undefined-version -Xlinker -z -Xlinker defs -Xlinker -z -Xlinker now \
    -Xlinker -z -Xlinker nodelete -Xlinker -z -Xlinker nostart-stop-gc \
    -Xlinker --gc-sections -Xlinker -s
ln -s "$shared" "$out/lib/libsteering.so.$abi"
ln -s "libsteering.so.$abi" "$out/lib/libsteering.so"

# ---- The archive -------------------------------------------------------------------------------

# One object with all that Swift needs; the C and C++ libraries stay the host's. Groups are
# resolved here: an inline function of libstdc++ must not be dropped for the host's own copy.
"$tools/swift-autolink-extract" "$@" -o "$work/autolink"
libraries=$(sort -u "$work/autolink" | grep -v -x -e -lm -e -lpthread -e -lutil -e -ldl)
"$tools/ld.lld" -r --force-group-allocation -o "$work/all.o" \
    "$static/$(uname -m)/swiftrt.o" "$@" -L "$work/archives" -L "$static" \
    --start-group $libraries -lswiftCore -ldispatch -lBlocksRuntime --end-group
"$tools/llvm-objcopy" --keep-global-symbols=$frozen --strip-unneeded \
    "$work/all.o" "$work/steering.o"
"$tools/llvm-ar" rcsD "$out/lib/libsteering.a" "$work/steering.o"

# ---- What others read --------------------------------------------------------------------------

cp $header "$out/include/steering.h"
cp LICENSE "$out/doc/LICENSE"
fill() {
    sed -e "s/@VERSION@/$version/g" -e "s/@MAJOR@/${version%%.*}/g" -e "s/@ABI@/$abi/g" \
        "Scripts/library/$1.in" >"$2/$1"
}
fill steering.pc "$out/lib/pkgconfig"
fill SteeringConfig.cmake "$out/lib/cmake/Steering"
fill SteeringConfigVersion.cmake "$out/lib/cmake/Steering"

# ---- What must hold ----------------------------------------------------------------------------

exported() {
    LC_ALL=C sort "$work/$1" | diff $frozen - >&2 || fail "$1 exports other symbols than $frozen"
}
"$tools/llvm-nm" -D --defined-only --format=just-symbols "$out/lib/$shared" >"$work/shared"
exported shared
"$tools/llvm-nm" -g --defined-only --format=just-symbols "$work/steering.o" >"$work/archive"
exported archive

"$tools/llvm-objdump" -p "$out/lib/$shared" >"$work/dynamic"
needed=$(awk '$1 == "NEEDED" { print $2 }' "$work/dynamic" | LC_ALL=C sort | tr '\n' ' ')
for library in $needed; do
    case $library in
    libc.so.6 | libm.so.6 | ld-linux*) ;;
    *) fail "$shared needs $library, expected libc and libm alone" ;;
    esac
done
if grep -E 'RPATH|RUNPATH|TEXTREL' "$work/dynamic"; then
    fail "$shared has a search path or text relocations"
fi
echo "$needed" >"$work/needed"
sizes

# After every check: what failed one is made again.
sha256sum -- "$0" Scripts/library/*.in $header $frozen LICENSE Sources/Steering/SteeringVersion.swift \
    "$list" "$@" "$static/libswiftCore.a" "$work"/archives/* "$work/needed" \
    "$out/include/steering.h" "$out"/doc/* "$out"/lib/pkgconfig/* "$out"/lib/cmake/Steering/* \
    "$out/lib/libsteering.a" "$out/lib/libsteering.so" "$out/lib/libsteering.so.$abi" \
    "$out/lib/$shared" >"$work/made"
mv "$work/made" "$made"
