"""Published dictionaries: sparse autoencoders and transcoders."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import _structs as s
from ._library import Owner, call, create
from .errors import ARGUMENT, SteeringError

if TYPE_CHECKING:
    from .plan import Plan


@dataclass(frozen=True)
class DictionaryInfo:
    """What a dictionary is."""

    kind: str  #: ``"autoencoder"`` or ``"transcoder"``
    feature_count: int  #: d_sae
    model_width: int  #: width of the rows that it reads
    output_width: int  #: width of the rows that it writes
    activation: str  #: ``"relu"``, ``"jump-relu"``, ``"top-k"``, ...
    normalisation: str  #: what is done to a row before encoding
    k: int  #: active at most, for top-k, abs-top-k, signed-top-k; else 0
    weight_bytes: int  #: of encoder, decoder and skip as stored
    input_layer: int | None  #: block that it reads at, where the publisher's hook name says so
    input_site: str  #: place in that block, ``"residual-post"`` for the output of the block
    output_layer: int | None
    output_site: str


class Dictionary(Owner):
    """A dictionary opened from its folder: immutable, shared by all threads.

    Its weights stay mapped: replace its files by renaming, never truncate them while it is open.
    Plans, readers and encoders keep what they need, so it may be closed before them.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        check: str = "lazy",
        activation_scale: float | None = None,
        rows_already_scaled: bool = False,
        ignored_config_keys: Sequence[str] = (),
        format: str | None = None,
        layer: int | None = None,
        top_k: int | None = None,
        kind: str = "declared",
        architecture: str | None = None,
        activation_units: str = "published",
    ) -> None:
        """Opens a folder or file in any published layout.

        Args:
            path: The folder or file.
            check: ``"lazy"`` refuses NaN and infinite weights where they are first used, ``"all"``
                reads every weight now.
            activation_scale: What the model's rows are multiplied by before encoding, for
                publishers that leave it out of their files.
            rows_already_scaled: Says that the host does that itself, instead.
            ignored_config_keys: Unknown configuration keys that change nothing.
            format: The layout, where the files fit several, for example ``"saelens"``.
            layer: The layer to read, of files that hold several.
            top_k: How many features are kept per row, where the files do not say.
            kind: ``"autoencoder"``, ``"transcoder"`` or ``"embedding"``, where the files do not say.
            architecture: The publisher's name of it, where the files do not say.
            activation_units: ``"normalised"`` for those of training or ``"raw"`` for those of the
                rows, where the layout leaves a choice.

        Raises:
            SteeringError: With the file, the key or the tensor, and what is accepted.
        """
        if check not in s.WEIGHT_CHECKS:
            raise SteeringError(
                ARGUMENT, f"check is {check!r}, expected one of {', '.join(s.WEIGHT_CHECKS)}"
            )
        if activation_scale is not None and not activation_scale > 0:
            # Zero would mean "unset" to the library, which is not what was said.
            raise SteeringError(
                ARGUMENT, f"activation_scale is {activation_scale}, expected a positive number"
            )
        if activation_scale is not None and rows_already_scaled:
            raise SteeringError(
                ARGUMENT, "activation_scale and rows_already_scaled are both given, expected one"
            )
        if isinstance(ignored_config_keys, str):
            raise SteeringError(
                ARGUMENT, "ignored_config_keys is one text, expected a list of texts"
            )
        for name, value, accepted in (
            ("kind", kind, s.OPEN_KINDS),
            ("activation_units", activation_units, s.OPEN_UNITS),
        ):
            if value not in accepted:
                raise SteeringError(
                    ARGUMENT, f"{name} is {value!r}, expected one of {', '.join(accepted)}"
                )
        if layer is not None and not 0 <= layer < 2**31:
            raise SteeringError(ARGUMENT, f"layer is {layer}, expected 0 or more")
        if top_k is not None and not 0 < top_k < 2**63:
            raise SteeringError(ARGUMENT, f"top_k is {top_k}, expected 1 or more")
        encoded = os.fsencode(path)
        texts = [None if text is None else text.encode() for text in (format, architecture)]
        keys = [key.encode() for key in ignored_config_keys]
        if any(b"\0" in text for text in (encoded, *keys, *filter(None, texts))):
            raise SteeringError(ARGUMENT, "a path, key or name contains NUL, expected none")
        options = s.sized(
            s.OpenOptions,
            weight_check=s.WEIGHT_CHECKS.index(check),
            activation_scale=s.SCALE_ALREADY_APPLIED
            if rows_already_scaled
            else activation_scale or 0.0,
            ignored_config_keys=(ctypes.c_char_p * len(keys))(*keys) if keys else None,
            n_ignored_config_keys=len(keys),
            format=texts[0],
            architecture=texts[1],
            k=top_k or 0,
            has_layer=layer is not None,
            layer=layer or 0,
            kind=s.OPEN_KINDS.index(kind),
            activation_units=s.OPEN_UNITS.index(activation_units),
        )
        self._handle = None
        self._handle = create(
            "steer_dictionary_open", "steer_dictionary_close", encoded, ctypes.byref(options)
        )
        self._info = self._read_info()

    def _read_info(self) -> DictionaryInfo:
        info = s.sized(s.DictionaryInfo)
        call("steer_dictionary_inspect", self._live(), ctypes.byref(info))
        return DictionaryInfo(
            kind=s.named(s.KINDS, info.kind),
            feature_count=info.feature_count,
            model_width=info.model_width,
            output_width=info.output_width,
            activation=s.named(s.ACTIVATIONS, info.activation),
            normalisation=s.named(s.NORMALISATIONS, info.normalisation),
            k=info.k,
            weight_bytes=info.weight_bytes,
            input_layer=None if info.input_layer < 0 else info.input_layer,
            input_site=s.named(s.SITES, info.input_site),
            output_layer=None if info.output_layer < 0 else info.output_layer,
            output_site=s.named(s.SITES, info.output_site),
        )

    @property
    def info(self) -> DictionaryInfo:
        """What it is."""
        return self._info

    def _text(self, which: int) -> str:
        handle = self._live()
        required = ctypes.c_size_t()
        buffer, capacity = None, 0
        try:
            call("steer_dictionary_text", handle, which, None, 0, ctypes.byref(required))
        except SteeringError as error:
            if error.name != "STEER_ERR_CAPACITY":
                raise
        capacity = required.value
        buffer = ctypes.create_string_buffer(max(capacity, 1))
        call(
            "steer_dictionary_text",
            handle,
            which,
            ctypes.addressof(buffer),
            capacity,
            ctypes.byref(required),
        )
        return buffer.value.decode()

    @property
    def name(self) -> str:
        """A short name, usually the folder's."""
        return self._text(s.TEXT_NAME)

    @property
    def model(self) -> str:
        """The model that it was trained on, as published; empty if undeclared."""
        return self._text(s.TEXT_MODEL)

    @property
    def input_hook(self) -> str:
        """Where it reads, as published, for example ``"blocks.12.hook_resid_post"``."""
        return self._text(s.TEXT_INPUT_HOOK)

    @property
    def output_hook(self) -> str:
        """Where it writes, as published."""
        return self._text(s.TEXT_OUTPUT_HOOK)

    @property
    def ledger(self) -> list[dict[str, str]]:
        """Every decision taken while opening: subject, statement and source of each."""
        return json.loads(self._text(s.TEXT_LEDGER))

    def plan(self, spec, *, scope=None) -> Plan:
        """Compiles a plan; the same as ``Plan(dictionary, spec, scope=scope)``."""
        from .plan import Plan

        return Plan(self, spec, scope=scope)

    def __repr__(self) -> str:
        info = self._info
        state = "closed " if self.closed else ""
        return (
            f"<{state}Dictionary {info.kind} {info.activation}: {info.feature_count} features, "
            f"width {info.model_width}>"
        )
