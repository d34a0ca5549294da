"""Finding, checking and describing the library."""

import ctypes
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import steering
from steering import _structs as s
from steering._library import _load, library

HEADER = Path(__file__).parents[3] / "Sources" / "CSteering" / "include" / "steering.h"


def header() -> str:
    if not HEADER.is_file():
        pytest.skip(f"{HEADER} is not there: the tests run outside the source tree")
    return HEADER.read_text()


def test_version_is_the_library_version():
    assert steering.__version__ == steering.library_version()


def test_every_function_of_the_header_is_wrapped_and_no_other():
    declared = set(re.findall(r"STEER_API[^;(]*?(steer_\w+)\(", header()))
    assert declared == set(s.PROTOTYPES)


def test_argument_counts_are_those_of_the_header():
    text = re.sub(r"/\*.*?\*/", "", header(), flags=re.S)
    for name, arguments in re.findall(r"STEER_API[^;(]*?(steer_\w+)\(([^;]*)\);", text):
        count = 0 if arguments.strip() == "void" else arguments.count(",") + 1
        assert len(s.PROTOTYPES[name][1]) == count, name


def test_constants_are_those_of_the_header():
    text = header()
    for prefix, names in (
        ("STEER_MODE_", s.MODES),
        ("STEER_STRENGTH_", s.STRENGTHS),
        ("STEER_PHASE_", s.PHASES),
        ("STEER_ACTIVATION_", s.ACTIVATIONS),
        ("STEER_NORMALISATION_", s.NORMALISATIONS),
        ("STEER_SELECT_", s.SELECTIONS),
        ("STEER_UNIT_", s.UNITS),
        ("STEER_KIND_", s.KINDS),
        ("STEER_SITE_", s.SITES),
        ("STEER_ROW_", s.OUTCOMES),
        ("STEER_WEIGHT_CHECK_", s.WEIGHT_CHECKS),
    ):
        found = dict(re.findall(rf"\b{prefix}(\w+) = (\d+)", text))
        assert found == {
            name.upper().replace("-", "_"): str(index) for index, name in enumerate(names)
        }


def test_struct_layout_is_the_compilers(tmp_path):
    header()
    structs = {
        "steer_error_t": s.Error,
        "steer_capabilities_t": s.Capabilities,
        "steer_open_options_t": s.OpenOptions,
        "steer_dictionary_info_t": s.DictionaryInfo,
        "steer_scope_t": s.Scope,
        "steer_intervention_t": s.Intervention,
        "steer_plan_info_t": s.PlanInfo,
        "steer_session_info_t": s.SessionInfo,
        "steer_plan_arrays_t": s.PlanArrays,
        "steer_range_t": s.Range,
    }
    lines = ["#include <stdio.h>", '#include "steering.h"', "int main(void) {"]
    for name, struct in structs.items():
        lines.append(f'printf("{name} %zu\\n", sizeof({name}));')
        for field, *_ in struct._fields_:
            lines.append(f'printf("{name}.{field} %zu\\n", offsetof({name}, {field}));')
    source = tmp_path / "layout.c"
    source.write_text("\n".join([*lines, "return 0; }"]))
    try:
        subprocess.run(["cc", "-I", HEADER.parent, source, "-o", tmp_path / "layout"], check=True)
    except FileNotFoundError:
        pytest.skip("no C compiler 'cc' here to compare struct layouts with")
    printed = subprocess.run(
        [tmp_path / "layout"], check=True, capture_output=True, text=True
    ).stdout
    for line in printed.splitlines():
        name, number = line.rsplit(" ", 1)
        struct, _, field = name.partition(".")
        kind = structs[struct]
        assert int(number) == (getattr(kind, field).offset if field else ctypes.sizeof(kind)), name


def test_capabilities_name_everything():
    found = steering.capabilities()
    assert found["row_types"] == steering.ROW_TYPES
    assert found["modes"] == steering.MODES
    assert found["strengths"] == steering.STRENGTHS
    assert found["activations"] == steering.ACTIVATIONS
    assert found["kernels"] in ("scalar", "avx2", "avx512")


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
