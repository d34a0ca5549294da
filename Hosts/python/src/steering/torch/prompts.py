"""Where the prompt of each sequence ends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .._rows import count
from ..errors import ARGUMENT, SHAPE, SteeringError

_NUMBER = "give the prompt's length as a number"


class PromptLengths:
    """The prompt's length of each sequence: given, or seen in the call that starts at 0."""

    def __init__(self, given, needed: bool) -> None:
        self._given = _checked(given)
        self._needed = needed
        if needed and given is None:
            raise SteeringError(
                ARGUMENT,
                "the plan tells prompt from generated tokens, expected prompt_length: a "
                "number, one for each sequence, or 'prefill'",
            )
        self.reset()

    def reset(self) -> None:
        """Forgets the prefill."""
        self._prefill: list[int] | None = None
        self._next: list[int] = []

    def of(self, positions: torch.Tensor, real: torch.Tensor) -> list[int | None]:
        """For each sequence of a call with rows at ``positions`` [batch, seq]."""
        batch, seq = positions.shape
        given = self._given
        if given is None or not self._needed:
            return [None] * batch
        if isinstance(given, int):
            return [given] * batch
        if isinstance(given, list):
            if len(given) != batch:
                raise SteeringError(
                    SHAPE,
                    f"prompt_length has {len(given)} entries, expected {batch}, one for each "
                    "sequence",
                )
            return given
        return self._seen(batch, seq, positions, real) if seq else [None] * batch

    def _seen(self, batch: int, seq: int, positions, real) -> list[int]:
        starts = (real & (positions == 0)).any(dim=1).tolist()
        if all(starts):
            self._prefill = real.sum(dim=1).tolist()
            self._next = list(self._prefill)
            return self._prefill
        if any(starts) or self._prefill is None:
            raise SteeringError(
                ARGUMENT,
                "the call does not start all sequences at position 0, expected that with "
                f"prompt_length='prefill': {_NUMBER}",
            )
        if len(self._prefill) != batch:
            raise SteeringError(
                SHAPE,
                f"the batch has {batch} sequences after a prefill of "
                f"{len(self._prefill)}, expected the same until the next prefill",
            )
        if seq > 1:
            raise SteeringError(
                ARGUMENT,
                f"the call goes on with {seq} rows at once (a prefill in chunks, or speculative "
                f"decoding), expected one with prompt_length='prefill': {_NUMBER}",
            )
        found = positions[:, 0].tolist()
        if found != self._next:
            raise SteeringError(
                ARGUMENT,
                f"the call goes on at positions {found}, expected {self._next} with "
                f"prompt_length='prefill' (another sequence, or a rollback): {_NUMBER}",
            )
        self._next = [place + 1 for place in found]
        return self._prefill


def _checked(value):
    if value is None or isinstance(value, str) and value == "prefill":
        return value
    if isinstance(value, str):
        raise SteeringError(
            ARGUMENT,
            f"prompt_length is {value!r}, expected a number, one for each sequence, or 'prefill'",
        )
    if isinstance(value, (torch.Tensor, np.ndarray)):
        value = value.tolist()
    if isinstance(value, Sequence):
        return [count(entry, "prompt_length") for entry in value]
    return count(value, "prompt_length")
