#!/bin/sh
# Builds the wheel, installs it into a fresh virtual environment and uses it outside the source tree.
#
#     PYTHON=python3 ./check-wheel.sh
#
# The library is the one of `make lib`, or the file that STEERING_LIBRARY names. pip fetches setuptools
# and numpy.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A copy, so that nothing is left in the source tree; the library is found from the original.
STEERING_LIBRARY=${STEERING_LIBRARY:-$here/../../.build-lib/lib/libsteering.so.1}
export STEERING_LIBRARY
mkdir -p "$work/tree/Hosts"
cp -R "$here" "$work/tree/Hosts/python"
rm -rf "$work/tree/Hosts/python/build"
cp "$here/../../LICENSE" "$work/tree/"
"$python" -m pip wheel --quiet --no-deps --wheel-dir "$work/wheels" "$work/tree/Hosts/python"
wheel=$(ls "$work"/wheels/steering-*.whl)
name=$(basename "$wheel")
echo "$name"
case $name in
    steering-*-py3-none-*_*.whl) ;;
    *) echo "wheel is named $name, expected steering-<version>-py3-none-<platform>.whl" >&2; exit 1 ;;
esac

cp "$here/tests/folders.py" "$work/"
rm -rf "$work/tree"
unset STEERING_LIBRARY PYTHONPATH
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "$wheel"
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
from pathlib import Path

import numpy as np

import steering
from folders import Weights

path = Path(steering.library_path())
assert "site-packages" in path.parts, f"the library is {path}, expected the wheel's"
texts = {text.name for text in path.parent.iterdir()}
for part in ("LICENSE", "libjson-c", "libmd", "libstdc++", "libyaml", "zlib1g"):
    assert any(name.startswith(part) for name in texts), f"the wheel lacks the licence of {part}"
weights = Weights()
plan = weights.open(Path("sae")).plan(steering.Intervention(3, alpha=2.0))
rows = np.zeros((2, 24), np.float32)
plan.session().apply(rows)
assert (rows == 2 * weights.tensors["W_dec"][3]).all()
try:
    import steering.shards
    steering.shards.write_shards("table", "shards")
except ImportError as error:
    print(error)
try:
    import steering.torch
except ImportError as error:
    print(error)
print(f"steering {steering.__version__} edits rows with {path.name} from {path.parent.parent.name}")
PYTHON
