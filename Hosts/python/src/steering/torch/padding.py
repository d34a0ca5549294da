"""Recognises padding in attention masks."""

from __future__ import annotations

import torch

from ..errors import ARGUMENT, SteeringError

# Masks that are added hide with -10000 or less; position biases (ALiBi) stay above.
_HIDDEN = -1e4
_ADVICE = (
    "expected the model itself as model=, whose mask [batch, tokens] says which rows are padding"
)


def real_tokens(mask: torch.Tensor, batch: int, seq: int, past: int | None) -> torch.Tensor:
    """Which columns of a mask [batch, tokens] are tokens: bool, on the CPU, of a fitting shape."""
    if mask.shape[0] != batch or mask.shape[1] < seq:
        raise SteeringError(
            ARGUMENT,
            f"attention_mask has shape {list(mask.shape)}, expected [{batch}, {seq} or more]",
        )
    if past is not None and mask.shape[1] != past + seq:
        raise SteeringError(
            ARGUMENT,
            f"attention_mask covers {mask.shape[1]} tokens, expected {past + seq}: "
            f"{past} in the cache and {seq} new",
        )
    return mask.detach().to("cpu") != 0


def refuse_hidden_padding(mask, positions: torch.Tensor, advice: str = _ADVICE) -> None:
    """Refuses a block's attention mask [batch, heads, seq, keys] that hides tokens as padding does.

    A token sees itself and nothing after it. A row that does not is padding, or the attention is
    not causal; either way its position cannot be read off its place.

    Args:
        mask: Bool, or floats that are added; None means causal, without padding.
        positions: int64 [batch or 1, seq], on the CPU: the place of each row among the keys.
        advice: What to do instead.
    """
    if mask is None:
        return
    if not isinstance(mask, torch.Tensor) or mask.dim() != 4:
        kind = type(mask).__name__
        raise SteeringError(
            ARGUMENT,
            f"the module's attention_mask ({kind}) cannot be checked for padding, {advice}",
        )
    mask = mask.detach()
    visible = mask if mask.dtype == torch.bool else mask > _HIDDEN
    visible = visible[:, 0].to("cpu")
    batch, seq, keys = visible.shape
    places = positions.expand(batch, seq)
    itself = visible.gather(2, places.clamp(max=keys - 1)[:, :, None])[:, :, 0]
    after = visible.gather(2, (places + 1).clamp(max=keys - 1)[:, :, None])[:, :, 0]
    # Sliding caches hold fewer keys than there are positions; such rows say nothing.
    padded = (~itself & (places < keys)) | (after & (places + 1 < keys))
    if bool(padded.any()) or (batch > 1 and bool((visible != visible[:1]).any())):
        raise SteeringError(
            ARGUMENT, f"the module's attention_mask hides tokens of some sequences, {advice}"
        )


def refuse_disagreement(position_ids, counted: torch.Tensor, real: torch.Tensor) -> None:
    """Refuses positions that are not those that the mask counts [batch, seq], on real tokens."""
    if not isinstance(position_ids, torch.Tensor) or position_ids.dim() not in (1, 2):
        return  # several axes of positions (images) do not count tokens
    given = position_ids.detach().to("cpu", torch.int64)
    given = given[None] if given.dim() == 1 else given
    if given.shape[0] not in (1, counted.shape[0]) or given.shape[1] != counted.shape[1]:
        return  # the model itself will say so, or knows better
    if bool(((given != counted) & real).any()):
        raise SteeringError(
            ARGUMENT,
            "position_ids and attention_mask disagree (packed or shifted sequences, or a mask "
            "without its start), expected positions that count the mask's tokens from 0",
        )
