"""Says why the library must not edit a tensor where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch.autograd import forward_ad


def abi_obstacle(
    module: torch.nn.Module, hidden: torch.Tensor, output, args: tuple, kwargs: dict, copied: bool
) -> str | None:
    """Why the library cannot edit this tensor, an output of ``module``; None if it can.

    Args:
        module: Whose output it is; its own memory must stay as it is.
        hidden: What would be edited.
        output: All that the module returned.
        args: What it was called with.
        kwargs: The same, by name.
        copied: Whether a copy is edited instead.
    """
    if hidden.device.type != "cpu":
        return f"the output is on device {hidden.device}, expected cpu: pass backend='arrays'"
    if _is_transformed(hidden):
        return (
            "the output carries a forward-mode derivative or is inside torch.func, which the abi "
            "backend cannot follow, expected backend='arrays'"
        )
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in _tensors(output)):
        return (
            "the output requires a gradient, which the abi backend cannot carry, expected "
            "torch.no_grad() or backend='arrays'"
        )
    if copied:
        return None
    if not hidden.is_contiguous():
        return (
            f"the output has strides {list(hidden.stride())}, expected a contiguous tensor: pass "
            "copy=True or backend='arrays'"
        )
    return _sharing(module, hidden, output, args, kwargs)


def _sharing(module, hidden, output, args, kwargs) -> str | None:
    storage = _storage(hidden)
    if storage is None:
        return None
    advice = "expected apart: pass copy=True or backend='arrays'"
    if any(_storage(tensor) == storage for tensor in _tensors((args, kwargs))):
        return f"the module's output shares memory with its input, {advice}"
    if sum(_storage(tensor) == storage for tensor in _tensors(output)) > 1:
        return f"the module's outputs share memory with each other, {advice}"
    if any(_storage(tensor) == storage for tensor in _kept(module)):
        return f"the module's output shares memory with what the module keeps, {advice}"
    return None


def _is_transformed(hidden: torch.Tensor) -> bool:
    functorch = getattr(torch._C, "_functorch", None)
    wrapped = getattr(functorch, "is_functorch_wrapped_tensor", None)
    if wrapped is not None and wrapped(hidden):
        return True
    return forward_ad.unpack_dual(hidden).tangent is not None if _in_dual_level() else False


def _in_dual_level() -> bool:
    # unpack_dual refuses to be called outside of a level.
    return getattr(forward_ad, "_current_level", 0) >= 0


def _storage(tensor: torch.Tensor) -> int | None:
    """Where a tensor's memory starts; None where it has none, as in sparse layouts."""
    try:
        return tensor.untyped_storage().data_ptr() or None
    except (NotImplementedError, RuntimeError):
        return None


def _tensors(value) -> Iterator[torch.Tensor]:
    """The tensors in nested tuples, lists and mappings."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _tensors(entry)
    elif isinstance(value, (tuple, list)):
        for entry in value:
            yield from _tensors(entry)


def _kept(module: torch.nn.Module) -> Iterator[torch.Tensor]:
    """Parameters, buffers and plain tensor attributes of a module and those inside it."""
    for inner in module.modules():
        for kept in (inner._parameters, inner._buffers, vars(inner)):
            for value in kept.values():
                if isinstance(value, torch.Tensor):
                    yield value
