"""Steering: read and change what a language model is thinking while it generates.

    import numpy as np, steering

    dictionary = steering.Dictionary("path/to/sae")
    plan = dictionary.plan([steering.Intervention(feature=1234, alpha=4.0)])
    rows = np.zeros((3, plan.width), np.float32)
    with plan.session() as session:
        session.apply(rows)                       # in place, no copy

``steering.torch`` applies plans to a torch module's output.
"""

from __future__ import annotations

import ctypes as _ctypes

from . import _structs
from ._library import call as _call
from ._library import library_path, library_version
from ._structs import (
    ACTIVATIONS,
    MODES,
    NORMALISATIONS,
    OUTCOMES,
    PHASES,
    ROW_TYPES,
    STRENGTHS,
    UNITS,
)
from ._version import __version__
from .arrays import PlanArrays
from .detector import (
    Detector,
    DetectorInfo,
    Finding,
    Monitor,
    TokenCounts,
    observe_batch,
)
from .dictionary import Dictionary, DictionaryInfo
from .errors import LibraryError, SteeringError
from .interventions import Intervention, Scope
from .observe import Codes, Encoder, EncoderInfo, Reader
from .plan import Plan, control_vector
from .session import Session, SessionInfo, batch_apply
from .watermark import ReplayVerdict, Watermark, WatermarkInfo

__all__ = [
    "ACTIVATIONS",
    "MODES",
    "NORMALISATIONS",
    "OUTCOMES",
    "PHASES",
    "ROW_TYPES",
    "STRENGTHS",
    "UNITS",
    "Codes",
    "Detector",
    "DetectorInfo",
    "Dictionary",
    "DictionaryInfo",
    "Encoder",
    "EncoderInfo",
    "Finding",
    "Intervention",
    "LibraryError",
    "Monitor",
    "Plan",
    "PlanArrays",
    "Reader",
    "ReplayVerdict",
    "Scope",
    "Session",
    "SessionInfo",
    "SteeringError",
    "TokenCounts",
    "Watermark",
    "WatermarkInfo",
    "__version__",
    "batch_apply",
    "capabilities",
    "control_vector",
    "library_path",
    "library_version",
    "observe_batch",
]


def capabilities() -> dict[str, object]:
    """What the library can do on this processor: row types, modes, strengths, activations, and the
    instruction set in use ("scalar", "avx2", "avx512" or "avx512vnni")."""
    found = _structs.sized(_structs.Capabilities)
    _call("steer_capabilities_get", _ctypes.byref(found))

    def names(mask: int, known: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for bit, name in enumerate(known) if mask >> bit & 1)

    return {
        "row_types": names(found.row_types, ROW_TYPES),
        "modes": names(found.modes, MODES),
        "strengths": names(found.strengths, STRENGTHS),
        "activations": names(found.activations, ACTIVATIONS),
        "kernels": found.kernels.decode(),
    }
