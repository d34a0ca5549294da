"""Writes dictionaries as SAELens does: a folder with cfg.json and sae_weights.safetensors."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ARCHITECTURES = ("standard", "jumprelu", "gated", "topk", "abstopk")


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    header, offset = {}, 0
    for name, array in tensors.items():
        assert array.dtype == np.float32
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [offset, offset + array.nbytes],
        }
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


@dataclass
class Weights:
    """One dictionary in f32, rows feature-major, and the choices that its folder declares."""

    architecture: str = "jumprelu"
    width: int = 24
    feature_count: int = 96
    k: int = 7
    normalisation: str = "none"  # as in cfg.json
    scale: float | None = None  # for expected_average_only_in
    subtracts_bias: bool = True
    rescales: bool = False
    hook: str = "blocks.1.hook_resid_post"
    seed: int = 0
    tensors: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        n, d = self.feature_count, self.width

        def draw(*shape: int, scale: float = 1.0) -> np.ndarray:
            return (random.standard_normal(shape) * scale).astype(np.float32)

        decoder = draw(n, d)
        decoder /= np.linalg.norm(decoder, axis=1, keepdims=True)
        # Norms that differ, so that a forgotten one shows.
        decoder *= random.uniform(0.5, 2.0, (n, 1)).astype(np.float32)
        self.tensors = {
            "W_enc": np.ascontiguousarray((decoder + draw(n, d, scale=0.1)).T),
            "W_dec": decoder,
            "b_dec": draw(d, scale=0.2),
        }
        if self.architecture == "gated":
            self.tensors["b_gate"] = draw(n, scale=0.3)
            self.tensors["b_mag"] = draw(n, scale=0.3)
            self.tensors["r_mag"] = draw(n, scale=0.3)
        else:
            self.tensors["b_enc"] = draw(n, scale=0.3)
        if self.architecture == "jumprelu":
            self.tensors["threshold"] = random.uniform(0, 1.0, n).astype(np.float32)

    @property
    def config(self) -> dict:
        config = {
            "architecture": self.architecture,
            "d_in": self.width,
            "d_sae": self.feature_count,
            "dtype": "float32",
            "device": "cpu",
            "apply_b_dec_to_input": self.subtracts_bias,
            "normalize_activations": self.normalisation,
            "reshape_activations": "none",
            "metadata": {
                "sae_lens_version": "6.54.12",
                "sae_lens_training_version": "6.54.12",
                "hook_name": self.hook,
                "model_name": "tiny",
            },
        }
        if self.architecture in ("topk", "abstopk"):
            config["k"] = self.k
            config["rescale_acts_by_decoder_norm"] = self.rescales
        return config

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "cfg.json").write_text(json.dumps(self.config))
        write_safetensors(folder / "sae_weights.safetensors", self.tensors)
        return folder

    def open(self, folder: Path):
        import steering

        return steering.Dictionary(self.write(folder), activation_scale=self.scale)


def every_kind(**common) -> list[tuple[str, Weights]]:
    """Every architecture with every normalisation, each with a name."""
    cases = []
    for architecture in ARCHITECTURES:
        for rescales in (False, True) if architecture in ("topk", "abstopk") else (False,):
            for normalisation, scale in (
                ("none", None),
                ("constant_norm_rescale", None),
                ("layer_norm", None),
                ("expected_average_only_in", 0.37),
            ):
                for subtracts in (False, True):
                    name = "-".join(
                        [architecture, normalisation]
                        + ["rescales"] * rescales
                        + ["bias"] * subtracts
                    )
                    cases.append(
                        (
                            name,
                            Weights(
                                architecture=architecture,
                                normalisation=normalisation,
                                scale=scale,
                                rescales=rescales,
                                subtracts_bias=subtracts,
                                seed=len(cases),
                                **common,
                            ),
                        )
                    )
    # With so many winners some are negative, and ReLU after TopK shows.
    cases.append(("topk-many", Weights(architecture="topk", k=80, seed=77, **common)))
    return cases
