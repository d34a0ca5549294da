"""The names, types and layouts that Python declares are those of steering.h."""

import ctypes
import re
import subprocess
from pathlib import Path

import pytest

from steering import _structs as s

HEADER = Path(__file__).parents[3] / "Sources" / "CSteering" / "include" / "steering.h"

STRUCTS = {
    "steer_error_t": s.Error,
    "steer_capabilities_t": s.Capabilities,
    "steer_open_options_t": s.OpenOptions,
    "steer_dictionary_info_t": s.DictionaryInfo,
    "steer_scope_t": s.Scope,
    "steer_intervention_t": s.Intervention,
    "steer_plan_info_t": s.PlanInfo,
    "steer_session_info_t": s.SessionInfo,
    "steer_encoder_options_t": s.EncoderOptions,
    "steer_encoder_info_t": s.EncoderInfo,
    "steer_detector_info_t": s.DetectorInfo,
    "steer_verdict_t": s.Verdict,
    "steer_watermark_info_t": s.WatermarkInfo,
    "steer_document_t": s.Document,
    "steer_replay_t": s.Replay,
    "steer_plan_arrays_t": s.PlanArrays,
    "steer_range_t": s.Range,
}


def header() -> str:
    if not HEADER.is_file():
        pytest.skip(f"{HEADER} is not there: the tests run outside the source tree")
    return HEADER.read_text()


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
        ("STEER_OPEN_KIND_", s.OPEN_KINDS),
        ("STEER_OPEN_UNITS_", s.OPEN_UNITS),
    ):
        found = dict(re.findall(rf"\b{prefix}(\w+) = (\d+)", text))
        assert found == {
            name.upper().replace("-", "_"): str(index) for index, name in enumerate(names)
        }


def test_schemes_and_flags_of_watermarks_are_those_of_the_header():
    found = dict(re.findall(r"\bSTEER_((?:DOCUMENT|WATERMARK)_\w+) = (\d+)", header()))
    assert {name: str(getattr(s, name)) for name in found} == found
    assert len(found) == 8
    for number, name in enumerate(s.DOCUMENT_SCHEMES, 1):
        assert found[f"DOCUMENT_{name.upper()}"] == str(number)


def test_struct_layout_is_the_compilers(tmp_path):
    header()
    lines = ["#include <stdio.h>", '#include "steering.h"', "int main(void) {"]
    for name, struct in STRUCTS.items():
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
        kind = STRUCTS[struct]
        assert int(number) == (getattr(kind, field).offset if field else ctypes.sizeof(kind)), name


# What each C type of the header may be in ctypes; addresses that are passed as plain integers too.
def kinds(written: str) -> set:
    pointer, word = "*" in written or "[" in written, written.replace("const ", "").split()[0]
    plain = {
        "int32_t": ctypes.c_int32,
        "uint32_t": ctypes.c_uint32,
        "uint64_t": ctypes.c_uint64,
        "size_t": ctypes.c_size_t,
        "double": ctypes.c_double,
    }
    if not pointer:
        return {plain[word] if word in plain else ctypes.c_int32}
    if word in STRUCTS:
        return {ctypes.POINTER(STRUCTS[word])}
    found = {ctypes.c_void_p}
    if word == "char":
        found.add(ctypes.c_char_p)
    elif word in plain:
        found.add(ctypes.POINTER(plain[word]))
    elif written.count("*") == 2 or "*const *" in written or "[]" in written:
        found.add(ctypes.POINTER(ctypes.c_void_p))
    return found


def test_argument_types_are_those_of_the_header():
    text = re.sub(r"/\*.*?\*/", "", header(), flags=re.S)
    compared = 0
    for name, arguments in re.findall(r"STEER_API[^;(]*?(steer_\w+)\(([^;]*)\);", text):
        written = [] if arguments.strip() == "void" else arguments.split(",")
        for place, (words, found) in enumerate(
            zip(written, s.PROTOTYPES[name][1], strict=True)
        ):
            assert found in kinds(" ".join(words.split())), (name, place, words, found)
            compared += 1
    assert compared > 80
