"""Applies plans to the output of a torch module, such as a transformer block.

    import steering, steering.torch

    plan = steering.Dictionary(folder).plan([steering.Intervention(feature=1234, alpha=4.0)])
    with steering.torch.hook(model.model.layers[12], plan, model=model) as hook:
        model.generate(**inputs)
    print(hook.applied)

The output of block N is where dictionaries named ``blocks.N.hook_resid_post`` were trained.
"""

from __future__ import annotations

try:
    import torch as _torch  # noqa: F401
except ImportError as error:
    raise ImportError(
        "steering.torch needs torch, which is not installed: pip install torch"
    ) from error

from .counts import Applied
from .hook import SteeringHook, hook

__all__ = ["Applied", "SteeringHook", "hook"]
