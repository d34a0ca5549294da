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


def refuse_hidden_padding(mask, positions: torch.Tensor) -> None:
    """Refuses a block's attention mask [batch, heads, seq, keys] that hides tokens as padding does.

    A token sees itself and nothing after it. A row that does not is padding, or the attention is
    not causal; either way its position cannot be read off its place.

    Args:
        mask: Bool, or floats that are added; None means causal, without padding.
        positions: int64 [batch or 1, seq], on the CPU: the place of each row among the keys.
    """
    if mask is None:
        return
    if not isinstance(mask, torch.Tensor) or mask.dim() != 4:
        kind = type(mask).__name__
        raise SteeringError(
            ARGUMENT,
            f"the module's attention_mask ({kind}) cannot be checked for padding, {_ADVICE}",
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
            ARGUMENT, f"the module's attention_mask hides tokens of some sequences, {_ADVICE}"
        )
