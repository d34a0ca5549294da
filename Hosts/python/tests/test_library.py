"""Finding, checking and describing the library."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import steering
from steering import _structs as s
from steering._library import _load, library


def test_version_is_the_library_version():
    assert steering.__version__ == steering.library_version()


def test_capabilities_name_everything():
    found = steering.capabilities()
    assert found["row_types"] == steering.ROW_TYPES
    assert found["modes"] == steering.MODES
    assert found["strengths"] == steering.STRENGTHS
    assert found["activations"] == steering.ACTIVATIONS
    assert found["kernels"] in ("scalar", "avx2", "avx512", "avx512vnni")


@pytest.mark.parametrize(
    "path, message",
    [
        ("/nowhere/libsteering.so.1", "environment variable STEERING_LIBRARY is '/nowhere"),
        (__file__, "cannot load"),
    ],
)
def test_a_wrong_path_is_named(path, message):
    package = str(Path(steering.__file__).parents[1])
    environment = {**os.environ, "STEERING_LIBRARY": path, "PYTHONPATH": package}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import steering\ntry: steering.library_version()\n"
            "except steering.LibraryError as error: print(error)",
        ],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert message in done.stdout and path in done.stdout, done.stderr


def test_another_library_is_refused():
    with pytest.raises(steering.LibraryError, match="has no steer_abi_version"):
        _load("libc.so.6")


def test_another_abi_version_is_refused(monkeypatch):
    monkeypatch.setattr(s, "ABI_VERSION", 2)
    with pytest.raises(steering.LibraryError, match="has ABI version 1, expected 2"):
        _load(steering.library_path())


def test_status_names_agree_with_the_library():
    from steering import errors

    for number, name in errors._NAMES.items():
        assert library().steer_status_name(number).decode() == name


def test_errors_survive_pickling():
    error = steering.SteeringError(3, "row 2: bad", row=2)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.status, copy.name, copy.message, copy.row) == (
        3,
        "STEER_ERR_NONFINITE",
        "row 2: bad",
        2,
    )
