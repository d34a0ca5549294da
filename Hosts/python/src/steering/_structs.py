"""The structs and constants of steering.h, as ctypes sees them."""

from __future__ import annotations

import ctypes
from ctypes import (
    POINTER,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

ABI_VERSION = 1
PROMPT_LENGTH_UNKNOWN = 2**64 - 1
MAX_POSITION = 2**63 - 2
SCALE_ALREADY_APPLIED = -1.0
MAX_WORKERS = 1024

# Each tuple lists names in the order of the constants of the header.
ROW_TYPES = ("f32", "bf16", "f16")
MODES = ("add", "clamp", "floor", "ceiling", "scale", "ablate", "project-out")
STRENGTHS = ("decoder", "unit", "relative", "max-activation")
PHASES = ("all", "prompt", "generated")
ACTIVATIONS = (
    "relu",
    "jump-relu",
    "top-k",
    "batch-top-k",
    "abs-top-k",
    "gated",
    "signed-top-k",
    "group-max",
    "bi-jump-relu",
    "block-top-k",
    "matching-pursuit",
)
NORMALISATIONS = ("none", "constant", "root-width", "layer-norm")
SELECTIONS = ("threshold", "gate", "top-k", "abs-top-k", "signed-top-k")
UNITS = ("activation", "length", "fraction")
KINDS = ("autoencoder", "transcoder")
SITES = ("unknown", "residual-pre", "residual-mid", "residual-post", "attention-out", "mlp-out")
OUTCOMES = ("untouched", "edited", "undefined")
WEIGHT_CHECKS = ("lazy", "all")
OPEN_KINDS = ("declared", "autoencoder", "transcoder", "embedding")
OPEN_UNITS = ("published", "normalised", "raw")

UNTOUCHED, EDITED, UNDEFINED = range(3)

PLAN_READS_ACTIVATIONS = 1
PLAN_RANKS = 2
PLAN_NEEDS_PROMPT_LENGTH = 4
PLAN_CONSTANT = 8
PLAN_NEEDS_POSITIONS = 16

DETECTOR_CALIBRATED = 1
DETECTOR_CALIBRATED_STREAMS = 2

VERDICT_HAS_SCORE = 1
VERDICT_HAS_P = 2
VERDICT_HAS_THRESHOLD = 4
VERDICT_FLAGGED = 8
VERDICT_BEYOND_CALIBRATION = 16

DOCUMENT_SCHEMES = ("given", "prompt", "window", "constant")  # from 1
DOCUMENT_GIVEN, DOCUMENT_PROMPT, DOCUMENT_WINDOW, DOCUMENT_CONSTANT = range(1, 5)

WATERMARK_RETIRED = 1
WATERMARK_CALIBRATED = 2
WATERMARK_CALIBRATED_STREAMS = 4
WATERMARK_CALIBRATED_REPLAY = 8

TEXT_NAME, TEXT_MODEL, TEXT_INPUT_HOOK, TEXT_OUTPUT_HOOK, TEXT_LEDGER = range(5)


def sized(struct: type[ctypes.Structure], **fields):
    """A struct with struct_size set, as the header's INIT macros do."""
    return struct(struct_size=ctypes.sizeof(struct), **fields)


def named(names: tuple[str, ...], number: int) -> str:
    """The name of a constant; a newer library may have some that this package does not know."""
    return names[number] if 0 <= number < len(names) else f"unknown ({number})"


class Error(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("status", c_int32),
        ("row", c_int64),
        ("message", c_char * 1008),
    ]


class Capabilities(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("abi_version", c_uint32),
        ("row_types", c_uint32),
        ("modes", c_uint32),
        ("strengths", c_uint32),
        ("activations", c_uint32),
        ("kernels", c_char * 16),
    ]


class OpenOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("weight_check", c_int32),
        ("activation_scale", c_double),
        ("ignored_config_keys", POINTER(c_char_p)),
        ("n_ignored_config_keys", c_uint64),
        ("format", c_char_p),
        ("architecture", c_char_p),
        ("k", c_uint64),
        ("has_layer", c_int32),
        ("layer", c_int32),
        ("kind", c_int32),
        ("activation_units", c_int32),
    ]


class DictionaryInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("feature_count", c_uint64),
        ("model_width", c_uint64),
        ("output_width", c_uint64),
        ("activation", c_int32),
        ("normalisation", c_int32),
        ("k", c_uint64),
        ("weight_bytes", c_uint64),
        ("input_layer", c_int32),
        ("input_site", c_int32),
        ("output_layer", c_int32),
        ("output_site", c_int32),
    ]


class Range(ctypes.Structure):
    _fields_ = [("begin", c_uint64), ("end", c_uint64)]


class Scope(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("phase", c_int32),
        ("skip_first", c_uint64),
        ("ranges", POINTER(Range)),
        ("n_ranges", c_uint64),
    ]


class Intervention(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("feature", c_uint32),
        ("mode", c_int32),
        ("strength", c_int32),
        ("alpha", c_double),
        ("max_activation", c_double),
        ("scope", POINTER(Scope)),
    ]


class PlanInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("width", c_uint64),
        ("n_interventions", c_uint64),
        ("n_features", c_uint64),
        ("n_readings", c_uint64),
    ]


class SessionInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("position", c_uint64),
        ("prompt_length", c_uint64),
        ("rows", c_uint64),
        ("rows_in_scope", c_uint64),
        ("rows_edited", c_uint64),
        ("rows_undefined", c_uint64),
    ]


class EncoderOptions(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("workers", c_uint32),
        ("plain", c_uint32),
        ("reserved", c_uint32),
    ]


class EncoderInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("workers", c_uint32),
        ("rows", c_uint64),
        ("pruned_rows", c_uint64),
        ("rescored_features", c_uint64),
    ]


class DetectorInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("n_structures", c_uint64),
        ("n_features", c_uint64),
        ("model_width", c_uint64),
        ("block_length", c_uint64),
        ("shortest_length", c_uint64),
        ("longest_length", c_uint64),
    ]


class Verdict(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("score", c_double),
        ("p", c_double),
        ("log_wealth", c_double),
        ("anytime_p", c_double),
        ("threshold", c_double),
        ("n_blocks", c_uint64),
        ("crossed_at", c_uint64),
        ("tokens_kept", c_uint64),
        ("tokens_special", c_uint64),
        ("tokens_sink", c_uint64),
        ("tokens_undefined", c_uint64),
    ]


class WatermarkInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("flags", c_uint32),
        ("n_entries", c_uint64),
        ("count", c_uint64),
        ("scheme", c_int32),
        ("window_seconds", c_int32),
        ("created", c_int64),
        ("retired", c_int64),
        ("replay_strength", c_double),
    ]


class Document(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("scheme", c_int32),
        ("text", c_char_p),
        ("length", c_uint64),
        ("time", c_int64),
    ]


class Replay(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("n_tokens", c_uint64),
        ("innovation", c_double),
        ("variance", c_double),
        ("log_ratio", c_double),
        ("strength", c_double),
    ]


class PlanArrays(ctypes.Structure):
    _fields_ = [
        ("struct_size", c_uint32),
        ("normalisation", c_int32),
        ("normalisation_value", c_float),
        ("selection", c_int32),
        ("k", c_uint64),
        ("model_width", c_uint64),
        ("width", c_uint64),
        ("n_readings", c_uint64),
        ("n_slots", c_uint64),
        ("n_edits", c_uint64),
        ("n_scopes", c_uint64),
        ("n_ranges", c_uint64),
        ("n_rivals", c_uint64),
        # Plain addresses: the views are made by arrays.py, which keeps their owner alive.
        ("decoder_bias", c_void_p),
        ("readings", c_void_p),
        ("encoder_rows", c_void_p),
        ("encoder_bias", c_void_p),
        ("encoder_norms", c_void_p),
        ("threshold", c_void_p),
        ("gate_bias", c_void_p),
        ("magnitude_bias", c_void_p),
        ("gate_scale", c_void_p),
        ("rival_rows", c_void_p),
        ("rival_bias", c_void_p),
        ("rival_norms", c_void_p),
        ("features", c_void_p),
        ("directions", c_void_p),
        ("inverse_norms", c_void_p),
        ("decode_scales", c_void_p),
        ("edit_modes", c_void_p),
        ("edit_slots", c_void_p),
        ("edit_readings", c_void_p),
        ("edit_scopes", c_void_p),
        ("edit_units", c_void_p),
        ("edit_amounts", c_void_p),
        ("scope_phases", c_void_p),
        ("scope_skip_first", c_void_p),
        ("scope_range_offsets", c_void_p),
        ("scope_ranges", c_void_p),
    ]


_error = POINTER(Error)
_out = POINTER(c_void_p)
_required = POINTER(c_size_t)
_handle = c_void_p
_status = c_int32

# name: (result, arguments). Row pointers are plain addresses: an int costs half of what a typed
# pointer costs per call.
PROTOTYPES = {
    "steer_abi_version": (c_uint32, []),
    "steer_version": (c_char_p, []),
    "steer_status_name": (c_char_p, [c_int32]),
    "steer_capabilities_get": (_status, [POINTER(Capabilities), _error]),
    "steer_dictionary_open": (_status, [c_char_p, POINTER(OpenOptions), _out, _error]),
    "steer_dictionary_close": (None, [_handle]),
    "steer_dictionary_inspect": (_status, [_handle, POINTER(DictionaryInfo), _error]),
    "steer_dictionary_text": (_status, [_handle, c_int32, c_void_p, c_size_t, _required, _error]),
    "steer_plan_compile": (
        _status,
        [_handle, POINTER(Intervention), c_size_t, POINTER(Scope), _out, _error],
    ),
    "steer_plan_compile_json": (_status, [_handle, c_char_p, c_size_t, _out, _error]),
    "steer_plan_destroy": (None, [_handle]),
    "steer_plan_inspect": (_status, [_handle, POINTER(PlanInfo), _error]),
    "steer_plan_fingerprint": (_status, [_handle, c_void_p, _error]),
    "steer_plan_control_vector": (
        _status,
        [_out, POINTER(c_int32), c_size_t, c_size_t, c_void_p, c_size_t, _required, _error],
    ),
    "steer_session_create": (_status, [_handle, c_uint64, _out, _error]),
    "steer_session_destroy": (None, [_handle]),
    "steer_session_fork": (_status, [_handle, _out, _error]),
    "steer_session_assign": (_status, [_handle, _handle, _error]),
    "steer_session_reset": (_status, [_handle, c_uint64, _error]),
    "steer_session_covers": (_status, [_handle, c_uint64, POINTER(c_int32), _error]),
    "steer_session_seek": (_status, [_handle, c_uint64, _error]),
    "steer_session_inspect": (_status, [_handle, POINTER(SessionInfo), _error]),
    "steer_session_apply": (
        _status,
        [_handle, c_void_p, c_int32, c_size_t, c_size_t, c_void_p, _error],
    ),
    "steer_batch_apply": (
        _status,
        [c_void_p, c_void_p, c_void_p, c_int32, c_size_t, c_size_t, c_void_p, _error],
    ),
    "steer_reader_create": (_status, [_handle, c_void_p, c_size_t, _out, _error]),
    "steer_reader_destroy": (None, [_handle]),
    "steer_reader_read": (
        _status,
        [_handle, c_void_p, c_int32, c_size_t, c_size_t, c_void_p, c_size_t, _error],
    ),
    "steer_encoder_create": (_status, [_handle, _out, _error]),
    "steer_encoder_create_with_options": (
        _status,
        [_handle, POINTER(EncoderOptions), _out, _error],
    ),
    "steer_encoder_inspect": (_status, [_handle, POINTER(EncoderInfo), _error]),
    "steer_encoder_destroy": (None, [_handle]),
    "steer_encoder_encode": (
        _status,
        [
            _handle,
            c_void_p,
            c_int32,
            c_size_t,
            c_size_t,
            c_void_p,
            c_void_p,
            c_void_p,
            c_size_t,
            _required,
            c_void_p,
            _error,
        ],
    ),
    "steer_detector_open_json": (_status, [_handle, c_char_p, c_size_t, _out, _error]),
    "steer_detector_destroy": (None, [_handle]),
    "steer_detector_inspect": (_status, [_handle, POINTER(DetectorInfo), _error]),
    "steer_detector_structure_name": (
        _status,
        [_handle, c_size_t, c_void_p, c_size_t, _required, _error],
    ),
    "steer_monitor_create": (_status, [_handle, _out, _error]),
    "steer_monitor_destroy": (None, [_handle]),
    "steer_monitor_fork": (_status, [_handle, _out, _error]),
    "steer_monitor_assign": (_status, [_handle, _handle, _error]),
    "steer_monitor_reset": (_status, [_handle, _error]),
    "steer_monitor_observe": (
        _status,
        [_handle, c_void_p, c_int32, c_size_t, c_size_t, c_void_p, _error],
    ),
    "steer_monitor_observe_batch": (
        _status,
        [c_void_p, c_void_p, c_int32, c_size_t, c_size_t, c_void_p, _error],
    ),
    "steer_monitor_verdict": (
        _status,
        [_handle, c_size_t, c_double, POINTER(Verdict), _error],
    ),
    "steer_session_set_monitor": (_status, [_handle, _handle, _error]),
    "steer_watermark_open": (_status, [_handle, c_char_p, c_char_p, _out, _error]),
    "steer_watermark_destroy": (None, [_handle]),
    "steer_watermark_inspect": (_status, [_handle, POINTER(WatermarkInfo), _error]),
    "steer_watermark_key_id": (_status, [_handle, c_void_p, c_size_t, _required, _error]),
    "steer_watermark_plan": (_status, [_handle, POINTER(Document), c_double, _out, _error]),
    "steer_watermark_replay_plan": (
        _status,
        [_handle, POINTER(Document), c_double, _out, _error],
    ),
    "steer_watermark_detector": (_status, [_handle, POINTER(Document), _out, _error]),
    "steer_watermark_replay_verdict": (
        _status,
        [_handle, POINTER(Replay), c_double, POINTER(Verdict), _error],
    ),
    "steer_arrays_create": (_status, [_handle, _out, _error]),
    "steer_arrays_destroy": (None, [_handle]),
    "steer_arrays_view": (_status, [_handle, POINTER(PlanArrays), _error]),
}
