"""Finds out where each row of a call stands in its sequence."""

from __future__ import annotations

from typing import NamedTuple

import torch

from .._structs import MAX_POSITION
from ..errors import ARGUMENT, SHAPE, SteeringError
from .inputs import ModelCalls, ModelInputs, in_backward
from .padding import real_tokens, refuse_disagreement, refuse_hidden_padding
from .prompts import PromptLengths

UNKNOWN = 2**63 - 1


class RowMap(NamedTuple):
    """Where the rows of one call stand; everything on the CPU."""

    positions: torch.Tensor  #: int64 [batch, seq]; of padding: 0
    real: torch.Tensor  #: bool [batch, seq], False for padding
    prompt_lengths: list[int | None]  #: [batch]


class PositionTracker:
    """Positions of the rows of each call, from the most trustworthy source that there is.

    In this order: the model's attention mask [batch, tokens] (which also says what is padding), the
    module's ``position_ids``, its ``cache_position``, the length of the model's cache, and last
    a count of its own.
    """

    def __init__(
        self,
        prompt_length,
        source: str,
        needs_positions: bool,
        needs_prompt_length: bool,
        calls: ModelCalls | None = None,
    ) -> None:
        if source not in ("auto", "count"):
            raise SteeringError(ARGUMENT, f"positions is {source!r}, expected 'auto' or 'count'")
        self._source = source
        self._needs_positions = needs_positions
        self._prompts = PromptLengths(prompt_length, needs_prompt_length)
        self._calls = calls
        self.reset()

    def reset(self) -> None:
        """Starts new sequences at position 0."""
        self._next = 0
        self._batch: int | None = None
        self._padded = False
        self._seen: tuple[ModelInputs | None, RowMap | None] = (None, None)
        self._prompts.reset()

    def rows(self, batch: int, seq: int, kwargs: dict) -> RowMap:
        """Where the rows of this call stand.

        Args:
            kwargs: What the module was called with, by name.

        Raises:
            SteeringError: It cannot be told; the message says what to pass.
        """
        inputs = self._inputs()
        if inputs is not None and inputs is self._seen[0] and self._batch == batch:
            where = self._seen[1]
            if where.positions.shape == (batch, seq):
                return where  # a block that is used again within one call of the model
        positions, real = self._find(batch, seq, kwargs, inputs)
        if bool((positions < 0).any()) or bool((positions > MAX_POSITION).any()):
            raise SteeringError(ARGUMENT, f"a position is outside 0 to {MAX_POSITION}")
        lengths = self._prompts.of(positions, real)
        if inputs is not None and inputs.past is not None:
            self._next = inputs.past
        self._next += seq
        self._batch = batch
        where = RowMap(positions, real, lengths)
        self._seen = (inputs, where)
        return where

    def _inputs(self) -> ModelInputs | None:
        if self._calls is None and not self._needs_positions:
            return None
        if in_backward():
            raise SteeringError(
                ARGUMENT,
                "the module is called again during backward (a checkpoint), where padding and "
                "positions cannot be told, expected it outside of checkpointing, or a plan for "
                "all positions without model=",
            )
        if self._calls is None:
            return None
        inputs = self._calls.current()
        if inputs is None:
            raise SteeringError(
                ARGUMENT,
                "the module is called outside of a call of model= in this thread, expected "
                "model(...) rather than model.forward(...), and as model= what is called",
            )
        return inputs

    def _find(self, batch, seq, kwargs, inputs) -> tuple[torch.Tensor, torch.Tensor]:
        everything = torch.ones(batch, seq, dtype=torch.bool, device="cpu")
        mask = kwargs.get("attention_mask")
        flat = inputs.attention_mask if inputs is not None else None
        named = inputs.position_ids if inputs is not None else None
        if flat is None and isinstance(mask, torch.Tensor) and mask.dim() == 2:
            flat, named = mask, kwargs.get("position_ids")
        if flat is not None and seq and self._covers(flat, seq, inputs):
            tokens = real_tokens(flat, batch, seq, None if inputs is None else inputs.past)
            counted = (tokens.long().cumsum(1) - 1)[:, -seq:]
            real = tokens[:, -seq:]
            self._padded = not bool(tokens.all())
            if self._needs_positions and self._source == "auto":
                refuse_disagreement(named, counted, real)
            if self._source == "auto" or not self._needs_positions:
                return torch.where(real, counted, 0), real
            if self._padded:
                raise SteeringError(
                    ARGUMENT,
                    "attention_mask has padding, which positions='count' would count, expected "
                    "positions='auto'",
                )
        if inputs is not None and inputs.hidden_mask and inputs.past is not None:
            return self._behind(batch, seq, mask, inputs), everything
        if inputs is not None and inputs.hidden_mask:
            raise SteeringError(
                ARGUMENT,
                "the model's attention_mask is not [batch, tokens] and its cache has no length, "
                "so padding cannot be seen, expected a mask [batch, tokens]",
            )
        if self._source == "count" or not self._needs_positions:
            return self._count(batch, seq).expand(batch, seq), everything
        if inputs is not None and self._padded and inputs.past != 0:
            raise SteeringError(
                ARGUMENT,
                "sequences with padding go on without an attention_mask, expected the mask "
                "[batch, tokens] of the whole sequences in each call of the model",
            )
        given = self._given(batch, seq, kwargs)
        if given is None and inputs is not None and inputs.past is not None:
            given = (inputs.past + torch.arange(seq, device="cpu"))[None]
        if given is None:
            given = self._own(batch, seq)
        refuse_hidden_padding(mask, given)
        return given.expand(batch, seq), everything

    def _covers(self, flat, seq: int, inputs) -> bool:
        """Whether a mask speaks of whole sequences: one that is as long as the call may speak of
        new tokens only, where the model does not say how many came before."""
        unknown = inputs is not None and inputs.past is None and self._batch is not None
        return not (self._needs_positions and unknown and flat.shape[1] == seq)

    def _behind(self, batch: int, seq: int, mask, inputs) -> torch.Tensor:
        """Positions where the model was given a mask that is not [batch, tokens]."""
        places = (inputs.past + torch.arange(seq, device="cpu"))[None]
        refuse_hidden_padding(
            mask,
            places,
            "expected a mask [batch, tokens] in the model's call: generate with a static cache "
            "replaces it, a dynamic cache keeps it",
        )
        places = places.expand(batch, seq)
        if self._needs_positions:
            refuse_disagreement(inputs.position_ids, places, torch.ones_like(places).bool())
        return places if self._source == "auto" else self._count(batch, seq).expand(batch, seq)

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
