"""llamascopium's own sparse autoencoder on random weights, in each activation and norm mode.

    pip install llamascopium
    python llamascopium_saes.py --out FOLDER --seed 3 --width 40 --features 200
"""

import itertools

import torch
from cases import arguments, randomise, rows, write
from llamascopium.models.sae import SAEConfig, SparseAutoEncoder

HOOK = "blocks.12.hook_resid_post"


def main():
    options = arguments()
    generator = torch.Generator().manual_seed(options.seed)
    d, n = options.width, options.features
    forms = itertools.product(
        ["relu", "jumprelu", "topk"], [True, False], ["token-wise", "dataset-wise", "inference"])
    for number, (activation, by_norm, mode) in enumerate(forms):
        config = SAEConfig(
            d_model=d, expansion_factor=n / d, act_fn=activation, norm_activation=mode,
            sparsity_include_decoder_norm=by_norm, top_k=max(2, n // 12), hook_point_in=HOOK,
            hook_point_out=HOOK, dtype=torch.float32, device="cpu")
        sae = SparseAutoEncoder(config)
        sae.set_current_k(config.top_k)
        randomise(sae, generator)
        if mode == "dataset-wise":
            sae.set_dataset_average_activation_norm({HOOK: 7.5})
        folder = options.out / "importers" / "llamascopium" / f"{number:02}-{activation}-{mode}"
        folder.mkdir(parents=True, exist_ok=True)
        config.save_hyperparameters(folder)
        sae.save_checkpoint(folder / "sae_weights.safetensors")
        x = rows(options.rows, d, generator)
        with torch.no_grad():
            # In f64, so that what differs is not the library's own rounding.
            sae = sae.double()
            batch, factors = sae.normalize_activations(
                {HOOK: x.double()}, return_scale_factor=True)
            features = sae.encode(batch[HOOK])
            decoded = sae.decode(features)
            if mode != "inference":
                decoded = decoded / factors[HOOK]
        write(folder, "llamascopium", f"{activation}, by decoder norm {by_norm}, {mode}",
              "llamascopium", input=x, features=features, decoded=decoded)


main()
