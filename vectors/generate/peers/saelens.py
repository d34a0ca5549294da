"""SAELens' own library on random dictionaries of every inference architecture.

    pip install sae-lens==6.54.12
    python saelens.py --out FOLDER --seed 3 --width 40 --features 200
"""

import itertools

import sae_lens
import torch
from cases import arguments, randomise, rows, write
from sae_lens.saes.sae import SAE

NORMALISATIONS = ["none", "constant_norm_rescale", "layer_norm"]


def forms(k):
    """Architecture and its own fields, for each form that is saved differently."""
    for architecture in ["standard", "gated", "jumprelu", "topk", "abstopk"]:
        for subtracts, normalisation in itertools.product([True, False], NORMALISATIONS):
            base = {"apply_b_dec_to_input": subtracts, "normalize_activations": normalisation}
            if "topk" in architecture:
                for rescales in [False, True]:
                    yield architecture, base | {"k": k, "rescale_acts_by_decoder_norm": rescales}
            else:
                yield architecture, base
    for subtracts, repeat in itertools.product([True, False], [True, False]):
        yield "matching_pursuit", {
            "apply_b_dec_to_input": subtracts, "residual_threshold": 0.05, "max_iterations": 3 * k,
            "stop_on_duplicate_support": repeat}
    for architecture in ["transcoder", "skip_transcoder", "jumprelu_transcoder",
                         "jumprelu_skip_transcoder"]:
        yield architecture, {"apply_b_dec_to_input": False}


def main():
    options = arguments()
    generator = torch.Generator().manual_seed(options.seed)
    k = max(2, options.features // 12)
    for number, (architecture, fields) in enumerate(forms(k)):
        fields = {"d_in": options.width, "d_sae": options.features, "device": "cpu",
                  "dtype": "float32"} | fields
        if "transcoder" in architecture:
            fields["d_out"] = options.width + 3
        config_class = SAE.get_sae_config_class_for_architecture(architecture)
        sae = SAE.get_sae_class_for_architecture(architecture)(config_class.from_dict(
            fields | {"architecture": architecture}))
        randomise(sae, generator)
        with torch.no_grad():
            if architecture == "matching_pursuit":
                sae.W_dec /= sae.W_dec.norm(dim=1, keepdim=True)
        folder = options.out / "importers" / "saelens" / f"{number:02}-{architecture}"
        sae.save_model(folder)
        x = rows(options.rows, options.width, generator)
        with torch.no_grad():
            # In f64, so that what differs is not the library's own rounding.
            sae, doubles = sae.double(), x.double()
            sae.dtype = torch.float64
            features = sae.encode(doubles)
            if features.is_sparse:
                features = features.to_dense()
            decoded = sae.decode(features)
            forward = sae(doubles)
        said = {name: value for name, value in fields.items()
                if name not in ("d_in", "d_sae", "device", "dtype")}
        write(folder, "saelens", f"{type(sae).__name__} {said}", f"sae-lens {sae_lens.__version__}",
              input=x, features=features, decoded=decoded, forward=forward)


main()
