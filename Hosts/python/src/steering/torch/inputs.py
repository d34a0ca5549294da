"""What the whole model is called with, for as long as that call lasts."""

from __future__ import annotations

import inspect
import threading
from typing import NamedTuple

import torch

from .._library import NO_COPY
from ..errors import ARGUMENT, SteeringError


class ModelInputs(NamedTuple):
    """What the whole model was called with."""

    attention_mask: torch.Tensor | None  #: [batch, tokens], 0 for padding
    hidden_mask: bool  #: whether there is a mask in another form, as with static caches
    past: int | None  #: tokens in the cache before this call, None where it does not say
    position_ids: torch.Tensor | None


class ModelCalls:
    """The calls of the model that are under way, each thread's own.

    A note lasts as long as its call: a block that is used twice sees it twice, and one that is
    called by itself later does not see it at all.
    """

    def __init__(self) -> None:
        self._local = threading.local()

    def __deepcopy__(self, memo):
        raise SteeringError(ARGUMENT, NO_COPY)

    def begin(self, model, args, kwargs) -> None:
        """A hook before the model's call."""
        self._calls().append(_inputs(model, args, kwargs))

    def end(self, *_) -> None:
        """A hook after it, failed or not."""
        calls = self._calls()
        if calls:
            calls.pop()

    def current(self) -> ModelInputs | None:
        """The innermost call under way in this thread."""
        calls = self._calls()
        return calls[-1] if calls else None

    def _calls(self) -> list[ModelInputs]:
        if not hasattr(self._local, "calls"):
            self._local.calls = []
        return self._local.calls


def refuse_two_halves(model: torch.nn.Module) -> None:
    """Refuses models whose mask is the encoder's, while the block may be the decoder's."""
    names = _parameters(model)
    config = getattr(model, "config", None)
    wraps = getattr(config, "is_encoder_decoder", False) and "attention_mask" not in names
    if "decoder_input_ids" in names or wraps:
        raise SteeringError(
            ARGUMENT,
            f"model is an encoder with a decoder ({type(model).__name__}), whose attention_mask is "
            "the encoder's, expected the half that the module belongs to, as in "
            "model=model.get_decoder(), or no model=",
        )


def in_backward() -> bool:
    """Whether this thread is inside a backward pass, where checkpoints compute modules again."""
    current = getattr(torch._C, "_current_graph_task_id", None)
    return current is not None and current() != -1


def by_name(module, args: tuple, kwargs: dict) -> dict:
    """The arguments of a module's call by name, those passed by place too."""
    if len(args) <= 1:  # the hidden states or token ids, as nearly always
        return kwargs
    try:
        bound = inspect.signature(module.forward).bind_partial(*args).arguments
    except (TypeError, ValueError):
        return kwargs  # the call itself will say what is wrong
    return {**bound, **kwargs}


def _inputs(model, args, kwargs) -> ModelInputs:
    bound = by_name(model, args, kwargs)
    mask = bound.get("attention_mask")
    flat = isinstance(mask, torch.Tensor) and mask.dim() == 2
    places = bound.get("position_ids")
    return ModelInputs(
        attention_mask=mask if flat else None,
        hidden_mask=mask is not None and not flat,
        past=_past(model, bound),
        position_ids=places if isinstance(places, torch.Tensor) else None,
    )


def _past(model, bound: dict) -> int | None:
    if "past_key_values" in bound and bound["past_key_values"] is not None:
        length = getattr(bound["past_key_values"], "get_seq_length", None)
        return int(length()) if callable(length) else None
    names = [name for name in {*bound, *_parameters(model)} if _is_cache(name)]
    # Without any argument for a cache, state may be anywhere, or nowhere: that says nothing.
    # Caches of other names (recurrent states) do not say how long they are.
    return 0 if names and all(bound.get(name) is None for name in names) else None


def _is_cache(name: str) -> bool:
    if name in ("use_cache", "cache_position", "cache_implementation"):
        return False
    return "cache" in name or name.startswith("past") or name in ("mems", "state", "states")


def _parameters(model: torch.nn.Module) -> set[str]:
    try:
        return set(inspect.signature(model.forward).parameters)
    except (TypeError, ValueError):
        return set()
