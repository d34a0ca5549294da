"""dictionary_learning's own classes on random weights, saved as ae.pt by torch.

    pip install dictionary-learning
    python dictionary_learning_classes.py --out FOLDER --seed 3 --width 40 --features 200
"""

import json

import torch
from cases import arguments, randomise, rows, write
from dictionary_learning.dictionary import (
    AutoEncoder, AutoEncoderNew, GatedAutoEncoder, JumpReluAutoEncoder)
from dictionary_learning.trainers.batch_top_k import BatchTopKSAE
from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKSAE
from dictionary_learning.trainers.top_k import AutoEncoderTopK


def main():
    options = arguments()
    generator = torch.Generator().manual_seed(options.seed)
    d, n = options.width, options.features
    k = max(2, n // 12)
    makers = {
        "AutoEncoder": lambda: AutoEncoder(d, n),
        "AutoEncoderNew": lambda: AutoEncoderNew(d, n),
        "GatedAutoEncoder": lambda: GatedAutoEncoder(d, n),
        "AutoEncoderTopK": lambda: AutoEncoderTopK(d, n, k),
        "BatchTopKSAE": lambda: BatchTopKSAE(d, n, k),
        "MatryoshkaBatchTopKSAE": lambda: MatryoshkaBatchTopKSAE(
            d, n, k, [n // 4, n // 4, n - 2 * (n // 4)]),
        "JumpReluAutoEncoder": lambda: JumpReluAutoEncoder(d, n),
    }
    for name, make in makers.items():
        sae = make()
        randomise(sae, generator)
        if name in ("BatchTopKSAE", "MatryoshkaBatchTopKSAE"):
            sae.threshold.fill_(0.4)
        folder = options.out / "importers" / "dictionary_learning" / name.lower()
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(sae.state_dict(), folder / "ae.pt")
        trainer = {"dict_class": name, "activation_dim": d, "dict_size": n, "k": k, "layer": 12,
                   "lm_name": "google/gemma-3-270m", "submodule_name": "resid_post_layer_12"}
        (folder / "config.json").write_text(
            json.dumps({"trainer": trainer, "buffer": {"ctx_len": 128}}))
        x = rows(options.rows, d, generator)
        with torch.no_grad():
            # In f64, so that what differs is not the library's own rounding.
            sae = sae.double()
            features = sae.encode(x.double())
            decoded = sae.decode(features)
        write(folder, "dictionary_learning", name, "dictionary-learning", input=x,
              features=features, decoded=decoded)


main()
