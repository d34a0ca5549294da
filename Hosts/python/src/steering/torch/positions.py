"""Finds out where each row of a call stands in its sequence."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import NamedTuple

import torch

from .._rows import count
from .._structs import MAX_POSITION
from ..errors import ARGUMENT, SHAPE, SteeringError
from .padding import real_tokens, refuse_hidden_padding

UNKNOWN = 2**63 - 1


class RowMap(NamedTuple):
    """Where the rows of one call stand; everything on the CPU."""

    positions: torch.Tensor  #: int64 [batch, seq]; of padding: 0
    real: torch.Tensor  #: bool [batch, seq], False for padding
    prompt_lengths: list[int | None]  #: [batch]


class ModelInputs(NamedTuple):
    """What the whole model was called with."""

    attention_mask: torch.Tensor | None  # [batch, tokens], 0 for padding
    past: int | None  # tokens in the cache before this call


class PositionTracker:
    """Positions of the rows of each call, from the most trustworthy source that there is.

    In this order: the model's attention mask [batch, tokens] (which also says what is padding), the
    module's ``position_ids``, its ``cache_position``, the length of the model's cache, and last
    a count of its own.
    """

    def __init__(
        self, prompt_length, source: str, needs_positions: bool, needs_prompt_length: bool
    ) -> None:
        if source not in ("auto", "count"):
            raise SteeringError(ARGUMENT, f"positions is {source!r}, expected 'auto' or 'count'")
        self._source = source
        self._needs_positions = needs_positions
        self._needs_prompt_length = needs_prompt_length
        self._prompt_length = _checked_prompt_length(prompt_length)
        if needs_prompt_length and prompt_length is None:
            raise SteeringError(
                ARGUMENT,
                "the plan tells prompt from generated tokens, expected prompt_length: a "
                "number, one for each sequence, or 'prefill'",
            )
        self._model_inputs: ModelInputs | None = None
        self.reset()

    def reset(self) -> None:
        """Starts new sequences at position 0."""
        self._next = 0
        self._batch: int | None = None
        self._prefill_lengths: list[int | None] | None = None

    def see_model(self, model, args, kwargs) -> None:
        """Notes what the model is called with, before it runs."""
        bound = by_name(model, args, kwargs)
        mask = bound.get("attention_mask")
        if not isinstance(mask, torch.Tensor) or mask.dim() != 2:
            mask = None
        cache = bound.get("past_key_values")
        length = getattr(cache, "get_seq_length", None)
        past = int(length()) if callable(length) else (0 if cache is None else None)
        self._model_inputs = ModelInputs(mask, past)

    def rows(self, batch: int, seq: int, kwargs: dict) -> RowMap:
        """Where the rows of this call stand.

        Args:
            kwargs: What the module was called with, by name.

        Raises:
            SteeringError: It cannot be told; the message says what to pass.
        """
        inputs, self._model_inputs = self._model_inputs, None
        positions, real = self._find(batch, seq, kwargs, inputs)
        if bool((positions < 0).any()) or bool((positions > MAX_POSITION).any()):
            raise SteeringError(ARGUMENT, f"a position is outside 0 to {MAX_POSITION}")
        lengths = self._lengths(batch, positions, real)
        self._next += seq
        self._batch = batch
        return RowMap(positions, real, lengths)

    def _find(self, batch, seq, kwargs, inputs) -> tuple[torch.Tensor, torch.Tensor]:
        everything = torch.ones(batch, seq, dtype=torch.bool, device="cpu")
        mask = kwargs.get("attention_mask")
        flat = inputs.attention_mask if inputs is not None else None
        if flat is None and isinstance(mask, torch.Tensor) and mask.dim() == 2:
            flat = mask
        if flat is not None:
            tokens = real_tokens(flat, batch, seq, None if inputs is None else inputs.past)
            counted = (tokens.long().cumsum(1) - 1)[:, -seq:] if seq else tokens[:, :0].long()
            real = tokens[:, -seq:] if seq else tokens[:, :0]
            return torch.where(real, counted, 0), real
        if self._source == "count" or not self._needs_positions:
            return self._count(batch, seq).expand(batch, seq), everything
        given = self._given(batch, seq, kwargs)
        if given is None and inputs is not None and inputs.past is not None:
            given = (inputs.past + torch.arange(seq, device="cpu"))[None]
        if given is None:
            given = self._own(batch, seq)
        refuse_hidden_padding(mask, given)
        return given.expand(batch, seq), everything

    def _given(self, batch: int, seq: int, kwargs: dict) -> torch.Tensor | None:
        """Positions [batch or 1, seq] that the module was called with."""
        for name in ("position_ids", "cache_position"):
            value = kwargs.get(name)
            if not isinstance(value, torch.Tensor):
                continue
            value = value.detach().to("cpu", torch.int64)
            if value.dim() == 1:
                value = value[None]
            if value.dim() != 2 or value.shape[0] not in (1, batch) or value.shape[1] != seq:
                raise SteeringError(
                    SHAPE, f"{name} has shape {list(value.shape)}, expected [{batch} or 1, {seq}]"
                )
            if bool((value.diff(dim=1) != 1).any()):
                raise SteeringError(
                    ARGUMENT,
                    f"{name} does not count up by one, as with padding or packed sequences, "
                    "expected the model itself as model=, or one sequence in each row",
                )
            return value
        return None

    def _own(self, batch: int, seq: int) -> torch.Tensor:
        if self._batch is not None and seq > 1:
            raise SteeringError(
                ARGUMENT,
                f"the module is called with {seq} more rows and no positions: they may "
                "continue a sequence or start one, expected model=, hook.reset() before each new "
                "sequence, or positions='count'",
            )
        return self._count(batch, seq)

    def _count(self, batch: int, seq: int) -> torch.Tensor:
        if self._needs_positions and self._batch not in (None, batch):
            raise SteeringError(
                SHAPE,
                f"the batch has {batch} sequences after {self._batch}, expected the same until "
                "hook.reset()",
            )
        return (self._next + torch.arange(seq, device="cpu"))[None]

    def _lengths(self, batch, positions, real) -> list[int | None]:
        given = self._prompt_length
        if given is None or not self._needs_prompt_length:
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
        return self._lengths_of_prefill(batch, positions, real)

    def _lengths_of_prefill(self, batch, positions, real) -> list[int | None]:
        starts = (real & (positions == 0)).any(dim=1).tolist()
        tokens = real.sum(dim=1).tolist()
        if all(starts):
            self._prefill_lengths = tokens
        if any(starts) and not all(starts) or self._prefill_lengths is None:
            raise SteeringError(
                ARGUMENT,
                "the call does not start all sequences at position 0, expected that with "
                "prompt_length='prefill': give the prompt's length as a number",
            )
        if len(self._prefill_lengths) != batch:
            raise SteeringError(
                SHAPE,
                f"the batch has {batch} sequences after a prefill of "
                f"{len(self._prefill_lengths)}, expected the same until the next prefill",
            )
        return self._prefill_lengths


def by_name(module, args: tuple, kwargs: dict) -> dict:
    """The arguments of a module's call by name, those passed by place too."""
    if len(args) <= 1:  # the hidden states or token ids, as nearly always
        return kwargs
    try:
        bound = inspect.signature(module.forward).bind_partial(*args).arguments
    except (TypeError, ValueError):
        return kwargs  # the call itself will say what is wrong
    return {**bound, **kwargs}


def _checked_prompt_length(value):
    if value is None or value == "prefill":
        return value
    if isinstance(value, str):
        raise SteeringError(
            ARGUMENT,
            f"prompt_length is {value!r}, expected a number, one for each sequence, or 'prefill'",
        )
    if isinstance(value, torch.Tensor):
        value = value.tolist()
    if isinstance(value, Sequence):
        return [count(entry, "prompt_length") for entry in value]
    return count(value, "prompt_length")
