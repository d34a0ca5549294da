"""EleutherAI's sparsify on random coders: both activations, with and without transcode and skip.

    pip install eai-sparsify
    python sparsify_coders.py --out FOLDER --seed 3 --width 40 --features 200
"""

import itertools
import json

import torch
from cases import arguments, randomise, rows, write
from safetensors.torch import save_model
from sparsify import SparseCoder, SparseCoderConfig


def main():
    options = arguments()
    generator = torch.Generator().manual_seed(options.seed)
    k = next(k for k in range(max(2, options.features // 12), options.features + 1)
             if options.features % k == 0)
    # A skip path of an autoencoder is refused on import: it would reconstruct by copying.
    forms = [("topk", "groupmax"), ((False, False), (True, False), (True, True))]
    for number, (activation, (transcode, skip)) in enumerate(itertools.product(*forms)):
        config = SparseCoderConfig(
            activation=activation, num_latents=options.features, k=k, transcode=transcode,
            skip_connection=skip)
        coder = SparseCoder(options.width, config)
        randomise(coder, generator)
        folder = options.out / "importers" / "sparsify" / f"{number:02}-{activation}"
        folder.mkdir(parents=True, exist_ok=True)
        save_model(coder, str(folder / "sae.safetensors"))
        (folder / "cfg.json").write_text(json.dumps(config.to_dict() | {"d_in": options.width}))
        x = rows(options.rows, options.width, generator)
        with torch.no_grad():
            # In f64, so that what differs is not the library's own rounding.
            coder, doubles = coder.double(), x.double()
            encoded = coder.encode(doubles)
            features = torch.zeros(options.rows, options.features, dtype=torch.float64)
            features.scatter_(1, encoded.top_indices, encoded.top_acts)
            forward = coder(doubles).sae_out
        write(folder, "sparsify", f"SparseCoder {activation}, transcode {transcode}, skip {skip}",
              "eai-sparsify", input=x, features=features, forward=forward)


main()
