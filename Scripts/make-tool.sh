#!/bin/sh
# Links steerctl with the Swift runtime in it, so that it runs where there is no Swift.
#
#   Scripts/make-tool.sh FILE    (from the root of the repository)
#
# --static-swift-stdlib would do it, and compile everything a second time: only the link differs.
set -eu

out=$1
swift=${SWIFT:-swift}

fail() {
    echo "make-tool: $*" >&2
    exit 1
}

"$swift" build -c release --product steerctl
list=$("$swift" build -c release --show-bin-path)/steerctl.product/Objects.LinkFileList
[ -s "$list" ] || fail "no list of objects at $list"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The archives under Foundation's: its static module names them, the one that steerctl was compiled
# with does not.
echo 'import Foundation' >"$work/foundation.swift"
"$swift"c -static-stdlib -parse-as-library -c "$work/foundation.swift" -o "$work/foundation.o"

# SwiftPM gives an executable's main function the name of the module, for tests to link it.
mkdir -p "$(dirname "$out")"
"$swift"c -emit-executable -static-stdlib -no-toolchain-stdlib-rpath "@$list" "$work/foundation.o" \
    $(pkg-config --libs json-c libmd yaml-0.1 zlib) -o "$out" \
    -Xlinker --gc-sections -Xlinker --defsym -Xlinker main=steerctl_main
