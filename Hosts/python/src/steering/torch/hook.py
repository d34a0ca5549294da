"""The hook that edits a module's output."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Sequence

import torch

from .._library import NO_COPY
from ..errors import ARGUMENT, SHAPE, SteeringError
from ..plan import Plan
from .backends import ROW_TYPES, AbiBackend, ArraysBackend
from .counts import Applied
from .inputs import ModelCalls, by_name, refuse_two_halves
from .obstacles import abi_obstacle
from .positions import PositionTracker

_BACKENDS = ("auto", "abi", "arrays")
_UNFIRED = ("error", "warn", "ignore")


class SteeringHook:
    """Applies a plan to the output of a module, while it is installed. See :func:`hook`."""

    def __init__(
        self,
        module: torch.nn.Module,
        plan: Plan | Sequence[Plan | None],
        *,
        model: torch.nn.Module | None = None,
        prompt_length: int | Sequence[int] | str | None = None,
        positions: str = "auto",
        backend: str = "auto",
        copy: bool = False,
        check_finite: bool = True,
        unfired: str = "error",
    ) -> None:
        for name, value, accepted in (
            ("backend", backend, _BACKENDS),
            ("unfired", unfired, _UNFIRED),
        ):
            if value not in accepted:
                raise SteeringError(
                    ARGUMENT, f"{name} is {value!r}, expected one of {', '.join(accepted)}"
                )
        for name, value in (("module", module), ("model", model)):
            if not isinstance(value, torch.nn.Module) and (name, value) != ("model", None):
                raise SteeringError(
                    ARGUMENT, f"{name} is of type {type(value).__name__}, expected a torch module"
                )
        if model is not None:
            refuse_two_halves(model)
        self._module, self._model = module, model
        self._plans = [plan] if isinstance(plan, Plan) else list(plan)
        self._is_shared = isinstance(plan, Plan)
        self._width = _common_width(self._plans)
        self._backend, self._copy, self._unfired = backend, copy, unfired
        known = [plan for plan in self._plans if plan is not None]
        self._model_calls = None if model is None else ModelCalls()
        self._tracker = PositionTracker(
            prompt_length,
            positions,
            needs_positions=any(plan.needs_positions for plan in known),
            needs_prompt_length=any(plan.needs_prompt_length for plan in known),
            calls=self._model_calls,
        )
        self._abi, self._arrays = AbiBackend(), ArraysBackend(check_finite)
        self._busy = threading.Lock()
        self._removers: list = []
        self._rows = self._calls = self._calls_before = 0
        self._edited: torch.Tensor | int = 0
        self._undefined: torch.Tensor | int = 0

    def install(self) -> SteeringHook:
        """Registers the hook; ``with`` does it too."""
        if self._removers:
            raise SteeringError(ARGUMENT, "the hook is installed, expected to install it once")
        if self._model is not None:
            self._removers.append(
                self._model.register_forward_pre_hook(self._model_calls.begin, with_kwargs=True)
            )
            self._removers.append(
                self._model.register_forward_hook(self._model_calls.end, always_call=True)
            )
        self._calls_before = self._calls
        # First of the module's hooks: what other hooks record (transformers' hidden_states among
        # them) is then the edited output, whatever the order of installing.
        self._removers.append(
            self._module.register_forward_hook(self._edit, with_kwargs=True, prepend=True)
        )
        return self

    def remove(self) -> None:
        """Takes the hook off the module; twice is fine."""
        for remover in self._removers:
            remover.remove()
        self._removers = []

    def reset(self) -> None:
        """Starts new sequences at position 0, for modules that are not told positions."""
        self._tracker.reset()

    @property
    def applied(self) -> Applied:
        """Rows so far; waits for the device that they were edited on."""
        return Applied(int(self._edited), self._rows, int(self._undefined), self._calls)

    def __enter__(self) -> SteeringHook:
        return self.install()

    def __exit__(self, kind, error, trace) -> None:
        self.remove()
        if self._calls == self._calls_before and kind is None and self._unfired != "ignore":
            message = (
                f"the hook on {type(self._module).__name__} never fired, expected the module to be "
                "called while it was installed"
            )
            if self._unfired == "error":
                raise SteeringError(ARGUMENT, message)
            warnings.warn(message, stacklevel=2)

    def __repr__(self) -> str:
        state = "installed" if self._removers else "removed"
        return f"<SteeringHook on {type(self._module).__name__}, {state}: {self.applied}>"

    def __deepcopy__(self, memo):
        raise SteeringError(ARGUMENT, NO_COPY)

    def _edit(self, module, args, kwargs, output):
        if not self._busy.acquire(blocking=False):
            raise SteeringError(
                ARGUMENT, "the hook is in use by another thread, expected one thread at a time"
            )
        try:
            hidden = _hidden_states(output)
            self._check(hidden)
            edited = self._run(hidden, output, args, kwargs)
        finally:
            self._busy.release()
        return None if edited is hidden else _with_hidden_states(output, edited)

    def _check(self, hidden: torch.Tensor) -> None:
        if hidden.dim() != 3:
            raise SteeringError(
                SHAPE,
                f"the output has shape {list(hidden.shape)}, expected [batch, sequence, width]",
            )
        if self._width is not None and hidden.shape[2] != self._width:
            raise SteeringError(
                SHAPE,
                f"the output has width {hidden.shape[2]}, expected {self._width}, the plan's width",
            )
        if hidden.dtype not in ROW_TYPES:
            raise SteeringError(
                ARGUMENT,
                f"the output has dtype {hidden.dtype}, expected torch.float32, "
                "torch.bfloat16 or torch.float16",
            )

    def _run(self, hidden: torch.Tensor, output, args: tuple, kwargs: dict) -> torch.Tensor:
        batch, seq, _ = hidden.shape
        plans = self._plans * batch if self._is_shared else self._plans
        if len(plans) != batch:
            raise SteeringError(
                SHAPE, f"the batch has {batch} sequences, expected {len(plans)}, one for each plan"
            )
        where = self._tracker.rows(batch, seq, by_name(self._module, args, kwargs))
        self._calls += 1
        self._rows += int(where.real.sum())
        if seq == 0 or not any(plans):
            return hidden
        if self._uses_abi(hidden, output, args, kwargs):
            target = hidden.clone(memory_format=torch.contiguous_format) if self._copy else hidden
            result, edited, undefined = self._abi.run(target, plans, where)
        else:
            result, edited, undefined = self._arrays.run(hidden, plans, where)
        self._edited = self._edited + edited
        self._undefined = self._undefined + undefined
        return result

    def _uses_abi(self, hidden: torch.Tensor, output, args: tuple, kwargs: dict) -> bool:
        if self._backend == "arrays":
            return False
        obstacle = abi_obstacle(self._module, hidden, output, args, kwargs, self._copy)
        if obstacle is not None and self._backend == "abi":
            raise SteeringError(ARGUMENT, obstacle)
        return obstacle is None


def hook(module: torch.nn.Module, plan: Plan | Sequence[Plan | None], **options) -> SteeringHook:
    """A hook that applies ``plan`` to the output of ``module`` while it is installed (``with``).

    Args:
        module: Its output must be a tensor [batch, sequence, width], or a tuple that starts with
            one. The output of transformer block N is the place that dictionaries call
            ``blocks.N.hook_resid_post``.
        plan: For all sequences, or a list with one plan for each sequence of the batch; None leaves
            that sequence alone, bit for bit.
        model: The whole model. Its attention mask then says which rows are padding (left alone, and
            not counted as positions), its cache how many tokens came before. Needed for padded
            batches whenever the plan depends on positions.
        prompt_length: Tokens of the prompt, padding not counted: a number, one for each
        sequence, or
            ``"prefill"`` for the number of tokens in the call that starts at position 0. Needed by
            plans with a phase.
        positions: ``"auto"`` takes positions from the model, from the module's ``position_ids`` or
            ``cache_position``, and else counts rows, refusing what it cannot tell; ``"count"``
            always counts rows from ``reset()`` on.
        backend: ``"abi"`` edits contiguous CPU tensors in place through the library; ``"arrays"``
            computes new tensors with torch, on any device; ``"auto"`` takes abi where it can.
        copy: Whether the abi backend edits a copy instead.
        check_finite: Whether the arrays backend refuses rows and results that are not finite, which
            waits for the device. The abi backend always does.
        unfired: ``"error"``, ``"warn"`` or ``"ignore"``: what to do at the end of ``with`` if the
            module was never called.

    It runs before the module's other hooks, so that these see the edited output. Of several
    steering hooks on one module, the one installed last edits first.

    Gradients: none pass through the abi backend, which refuses outputs that require them. The
    arrays backend is differentiable in the hidden states; which features are active is held fixed.

    Raises:
        SteeringError: Now or in the module's call; a call that fails leaves its output unchanged.
    """
    return SteeringHook(module, plan, **options)


def _common_width(plans: list[Plan | None]) -> int | None:
    widths = set()
    for plan in plans:
        if plan is None:
            continue
        if not isinstance(plan, Plan):
            raise SteeringError(
                ARGUMENT,
                f"plan is of type {type(plan).__name__}, expected a Plan, or a list of Plan "
                "and None",
            )
        widths.add(plan.width)
    if len(widths) > 1:
        raise SteeringError(SHAPE, f"plans have widths {sorted(widths)}, expected one width")
    return widths.pop() if widths else None


def _hidden_states(output) -> torch.Tensor:
    first = output[0] if isinstance(output, tuple) and output else output
    if not isinstance(first, torch.Tensor):
        kind = type(output).__name__
        raise SteeringError(
            ARGUMENT,
            f"the module's output is of type {kind}, expected a tensor or a tuple that starts "
            "with one",
        )
    return first


def _with_hidden_states(output, hidden: torch.Tensor):
    if isinstance(output, torch.Tensor):
        return hidden
    rest = (hidden, *output[1:])
    return type(output)._make(rest) if hasattr(output, "_make") else rest
