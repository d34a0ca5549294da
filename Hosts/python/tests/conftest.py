"""What the tests share.

They need the library: of STEERING_LIBRARY, else of `make lib`, else of an installed wheel.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from folders import Weights  # noqa: E402

BUILT = Path(__file__).parents[3] / ".build-lib" / "lib" / "libsteering.so.1"
if BUILT.is_file():
    os.environ.setdefault("STEERING_LIBRARY", str(BUILT))


def pytest_configure(config):
    import steering

    try:
        steering.library_path()
    except steering.LibraryError as error:
        pytest.exit(str(error), returncode=2)


def pytest_report_header(config):
    import steering

    found = steering.capabilities()["kernels"]
    return f"steering {steering.library_version()} ({found}) from {steering.library_path()}"


@pytest.fixture(scope="session")
def weights() -> Weights:
    return Weights(seed=11)


@pytest.fixture(scope="session")
def folder(weights, tmp_path_factory) -> Path:
    return weights.write(tmp_path_factory.mktemp("sae") / "tiny-jumprelu")


@pytest.fixture
def dictionary(folder):
    import steering

    with steering.Dictionary(folder) as opened:
        yield opened


@pytest.fixture
def rows() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((6, 24)).astype(np.float32)
