"""Two ways of editing the hidden states of a call."""

from __future__ import annotations

import numpy as np
import torch

from .. import _rows
from .. import _structs as s
from .._library import call
from ..plan import Plan
from ..session import Session
from . import edit
from .positions import UNKNOWN, RowMap

ROW_TYPES = {torch.float32: _rows.F32, torch.bfloat16: _rows.BF16, torch.float16: _rows.F16}


class AbiBackend:
    """Edits contiguous tensors in the CPU's memory in place, through the library."""

    def __init__(self) -> None:
        self._key: list | None = None
        self._sessions: list[Session | None] = []

    def run(
        self, hidden: torch.Tensor, plans: list[Plan | None], where: RowMap
    ) -> tuple[torch.Tensor, int, int]:
        """Edits ``hidden`` [batch, seq, width]; returns it, rows edited, rows undefined."""
        batch, seq, width = hidden.shape
        self._prepare(plans, where.prompt_lengths)
        addresses = np.array(
            [0 if session is None else session._live().address for session in self._sessions],
            np.uint64,
        )
        addresses = np.where(where.real.numpy(), addresses[:, None], 0).astype(np.uint64, order="C")
        positions = where.positions.numpy().astype(np.uint64, order="C")
        outcomes = np.empty(batch * seq, np.int32)
        call(
            "steer_batch_apply",
            addresses.ctypes.data,
            positions.ctypes.data,
            hidden.data_ptr(),
            ROW_TYPES[hidden.dtype],
            batch * seq,
            width,
            outcomes.ctypes.data,
        )
        if not hidden.is_inference():
            # Written behind torch's back: what saved the old values for backward must notice.
            torch.autograd.graph.increment_version(hidden)
        counts = np.bincount(outcomes, minlength=3)
        return hidden, int(counts[s.EDITED]), int(counts[s.UNDEFINED])

    def _prepare(self, plans: list[Plan | None], lengths: list[int | None]) -> None:
        key = list(zip(plans, lengths))
        if key == self._key:
            return
        self._sessions = [None if plan is None else Session(plan, length) for plan, length in key]
        self._key = key


class ArraysBackend:
    """Edits a copy with torch operations: any device, any layout, with gradients."""

    def __init__(self, check_finite: bool) -> None:
        self._check_finite = check_finite
        self._tensors: dict[tuple[int, torch.device], tuple[Plan, edit.PlanTensors]] = {}

    def run(
        self, hidden: torch.Tensor, plans: list[Plan | None], where: RowMap
    ) -> tuple[torch.Tensor, torch.Tensor | int, torch.Tensor | int]:
        """Returns edited hidden states, rows edited, rows undefined."""
        batch, seq, width = hidden.shape
        flat = hidden.reshape(batch * seq, width)
        result, edited, undefined = flat, 0, 0
        lengths = torch.tensor(
            [UNKNOWN if length is None else length for length in where.prompt_lengths],
            dtype=torch.int64,
            device="cpu",
        )
        lengths = lengths[:, None].expand(batch, seq).reshape(-1)
        positions, real = where.positions.reshape(-1), where.real.reshape(-1)
        for plan in dict.fromkeys(plan for plan in plans if plan is not None):
            tensors = self._on(plan, hidden.device)
            mine = torch.tensor([other is plan for other in plans], device="cpu")
            holds = edit.scopes_hold(tensors.arrays, positions, lengths)
            covered = holds.any(dim=1) & real & mine[:, None].expand(batch, seq).reshape(-1)
            index = covered.nonzero()[:, 0]
            if len(index) == 0:
                continue
            places = index.to(hidden.device)
            done = edit.apply(
                tensors, flat[places], holds[index], numbers=index, check_finite=self._check_finite
            )
            result = result.index_copy(0, places, done.rows)
            # Sums stay on the device: reading them would wait for it.
            edited = edited + done.edited.sum()
            undefined = undefined + done.undefined.sum()
        return result.reshape(hidden.shape), edited, undefined

    def _on(self, plan: Plan, device: torch.device) -> edit.PlanTensors:
        key = (id(plan), device)
        if key not in self._tensors:
            # The plan is kept too: its id must stay its own.
            self._tensors[key] = (plan, edit.PlanTensors(plan.arrays, device))
        return self._tensors[key][1]
