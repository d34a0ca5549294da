"""What every generator in this folder shares: options, rows, and how a case is written."""

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file


def arguments():
    """--out, --seed, --width, --features, --rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True, help="a folder like vectors/")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--width", type=int, default=24)
    parser.add_argument("--features", type=int, default=96)
    parser.add_argument("--rows", type=int, default=9)
    return parser.parse_args()


def rows(count, width, generator):
    """Random rows; row 0 is a high-norm sink, row 1 is all zeros."""
    x = torch.randn(count, width, generator=generator)
    x[0] *= 40
    if count > 1:
        x[1] = 0
    return x


def randomise(module, generator):
    """Fills every parameter and float buffer of `module` with numbers worth comparing."""
    with torch.no_grad():
        for name, tensor in list(module.named_parameters()) + list(module.named_buffers()):
            if not tensor.is_floating_point() or tensor.ndim == 0:
                continue
            values = torch.randn(tensor.shape, generator=generator)
            if "threshold" in name:
                values = values.abs() * 0.3 + 0.05
            elif tensor.ndim == 1:
                values *= 0.2
            else:
                values /= tensor.shape[-1] ** 0.5
            tensor.copy_(values)


def write(folder, publisher, note, library, options=None, open_path=None, **arrays):
    """Writes case.json and case.safetensors beside weights that are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "publisher": publisher, "note": note, "d_in": arrays["input"].shape[-1],
        "d_sae": arrays["features"].shape[-1], "tolerance_abs": 2e-5, "tolerance_rel": 2e-5,
        "library": library,
    }
    if options:
        document["options"] = options
    if open_path:
        document["open"] = open_path
    (folder / "case.json").write_text(json.dumps(document, indent=1) + "\n")
    save_file(
        {name: value.detach().float().contiguous().clone() for name, value in arrays.items()
         if value is not None},
        folder / "case.safetensors")
    print(f"{publisher}/{folder.name}: {note}")
