"""What the tests of steering.torch share; without torch, importing it skips them and says why."""

from __future__ import annotations

import os

import numpy as np
import pytest

# Some virtual machines announce AMX and cannot run it: torch's own bf16 products then end the
# process.
os.environ.setdefault("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16")

torch = pytest.importorskip(
    "torch", reason="torch is not installed: the README says where its CPU wheel comes from"
)

import steering.torch  # noqa: E402

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}


class Block(torch.nn.Module):
    """A block that changes nothing, and answers in the shape that it is told."""

    def __init__(self, answer=lambda hidden: hidden) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, hidden, **kwargs):
        return self.answer(hidden.clone())


def run(hidden, plan, calls=1, answer=lambda hidden: hidden, kwargs=None, **options):
    """Steers one call of a block and returns its output and the hook."""
    block = Block(answer)
    with steering.torch.hook(block, plan, **options) as hook:
        output = block(hidden, **(kwargs or {}))
    return output, hook


def widen(tensor) -> np.ndarray:
    return tensor.detach().double().numpy()
