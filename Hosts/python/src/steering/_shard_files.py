"""Writes shards: safetensors files of rows, with documents files beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._tables import Part
from .errors import ARGUMENT, FILE, SHAPE, SteeringError

# What a reader takes of one line of documents.
_LINE_BYTES, _LINE_VALUES, _LINE_OBJECTS = 16 << 20, 1_000_000, 200_000
_HEADER = 1024  # bytes kept free for the header, whose numbers are known last


class Shards:
    """Writes documents one after another."""

    def __init__(
        self,
        folder: Path,
        rows_per_shard: int,
        prefix: str,
        tokenizer: Callable[[list[int]], Sequence[str]] | None,
        special_ids: Collection[int] | None,
    ) -> None:
        self.folder, self.limit, self.prefix = folder, rows_per_shard, prefix
        self.tokenizer = tokenizer
        self.special_ids = None if special_ids is None else np.array(sorted(special_ids), np.int64)
        self.names: list[str] = []
        self.n_documents = 0  # in all shards
        self.shard: _Shard | None = None
        self.ids: set[str] = set()  # of all shards
        self.line: dict[str, Any] | None = None  # of the document that is open
        self.place = ""  # where it begins
        self.tokens: list[int] | None = None
        self.n_rows = 0  # of that document

    def add(self, part: Part) -> None:
        if part.is_new:
            self._end_document()
            if self.shard is not None and self.shard.n_rows >= self.limit:
                self._end_shard()
            if self.shard is None:
                self.names.append(f"{self.prefix}-{len(self.names):05d}")
                self.shard = _Shard(self.folder, self.names[-1])
            self.line = {"document": self.shard.n_documents, "id": str(self.n_documents)}
            self.line |= {k: v for k, v in part.members.items() if k not in self.line or k == "id"}
            self.place = part.place
            _check_members(self.line, self.place)
            if self.line["id"] in self.ids:
                raise SteeringError(
                    FILE,
                    f"{self.place}: 'id' is {self.line['id']!r} as of an earlier document, "
                    "expected another",
                )
            self.ids.add(self.line["id"])
            self.tokens, self.n_rows = [], 0
            self.n_documents += 1
            self.shard.n_documents += 1
        rows = {k: v for k, v in part.of_rows.items() if k in ("tokens", "positions", "special")}
        count = len(part.activations)
        rows.setdefault("positions", range(self.n_rows, self.n_rows + count))
        found = {k: _integers(v, part.place, k) for k, v in rows.items()}
        if "special" not in found and self.special_ids is not None:
            if "tokens" not in found:
                raise SteeringError(
                    ARGUMENT, f"{part.place}: special_ids are given, expected token ids beside them"
                )
            found["special"] = np.isin(found["tokens"], self.special_ids)
        self.shard.append(part.activations, found, part.place)
        for name in ("pieces", "segments"):
            if name in part.of_rows:
                self.line.setdefault(name, []).extend(part.of_rows[name])
        if any(not isinstance(one, str) for one in part.of_rows.get("pieces", ())):
            raise SteeringError(FILE, f"{part.place}: a piece is no string, expected text")
        if "segments" in part.of_rows:
            _integers(part.of_rows["segments"], part.place, "segments")
        if self.tokenizer is not None:
            if "tokens" in found:
                self.tokens.extend(found["tokens"].tolist())
            elif "pieces" not in part.of_rows:
                raise SteeringError(
                    ARGUMENT, f"{part.place}: a tokenizer is given, expected token ids to call it"
                )
        self.n_rows += count

    def _end_document(self) -> None:
        if self.line is None:
            return
        if self.tokenizer is not None and "pieces" not in self.line:
            pieces = list(self.tokenizer(self.tokens))
            if len(pieces) != self.n_rows or any(not isinstance(one, str) for one in pieces):
                raise SteeringError(
                    ARGUMENT,
                    f"the tokenizer gave {len(pieces)} entries for {self.n_rows} tokens of "
                    f"document {self.line['id']!r}, expected one text for each",
                )
            self.line["pieces"] = pieces
        self.shard.document(self.line, self.place)
        self.line = None

    def _end_shard(self) -> None:
        self.shard.close()
        self.shard = None

    def end(self) -> list[str]:
        self._end_document()
        if self.shard is not None:
            self._end_shard()
        return self.names


class _Shard:
    """One safetensors file and its documents: rows go to the disk as they come."""

    def __init__(self, folder: Path, name: str) -> None:
        self.rows = open(folder / f"{name}.safetensors", "wb")
        self.documents = open(folder / f"{name}.documents.jsonl", "wb")
        self.n_documents = self.n_rows = self.width = 0
        self.dtype: np.dtype | None = None
        self.of_rows: dict[str, list[np.ndarray]] = {}
        self.rows.write(b" " * _HEADER)

    def append(self, activations: np.ndarray, of_rows: dict[str, np.ndarray], place: str) -> None:
        if self.dtype is None:
            self.dtype, self.width = activations.dtype, activations.shape[1]
            self.of_rows = {name: [] for name in ("documents", *sorted(of_rows))}
        if activations.dtype != self.dtype or {"documents", *of_rows} != set(self.of_rows):
            raise SteeringError(SHAPE, f"{place}: columns are not those of the rows before it")
        self.rows.write(np.ascontiguousarray(activations).tobytes())
        number = np.full(len(activations), self.n_documents - 1)
        for name, values in {"documents": number, **of_rows}.items():
            kind = np.uint8 if name == "special" else np.int32
            self.of_rows[name].append((values != 0 if kind is np.uint8 else values).astype(kind))
        self.n_rows += len(activations)

    def document(self, line: dict[str, Any], place: str) -> None:
        text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        data = text.encode("utf-8", "replace")
        values, objects = _counts(line)
        for what, found, limit in (
            ("bytes", len(data), _LINE_BYTES),
            ("values", values, _LINE_VALUES),
            ("objects", objects, _LINE_OBJECTS),
        ):
            if found > limit:
                raise SteeringError(
                    FILE,
                    f"{place}: its document's line has {found} {what}, expected at most {limit}",
                )
        self.documents.write(data + b"\n")

    def close(self) -> None:
        header, offset = {}, 0
        size = self.n_rows * self.width * self.dtype.itemsize
        kind = "F16" if self.dtype == np.float16 else "F32"
        columns = [("activations", kind, [self.n_rows, self.width], size)]
        for name in sorted(self.of_rows, key=lambda name: (name == "special", name)):
            values = np.concatenate(self.of_rows[name])
            columns.append(
                (name, "U8" if values.itemsize == 1 else "I32", [len(values)], values.nbytes)
            )
            self.rows.write(values.tobytes())
        for name, kind, shape, count in columns:
            header[name] = {"dtype": kind, "shape": shape, "data_offsets": [offset, offset + count]}
            offset += count
        text = json.dumps(header, separators=(",", ":")).encode()
        self.rows.seek(0)
        self.rows.write((_HEADER - 8).to_bytes(8, "little") + text.ljust(_HEADER - 8))
        for file in (self.rows, self.documents):
            file.flush()
            os.fsync(file.fileno())
            file.close()


def _check_members(line: dict[str, Any], place: str) -> None:
    """Refuses members that no reader of documents takes; an id that is a number becomes text."""
    if isinstance(line["id"], int) and not isinstance(line["id"], bool):
        line["id"] = str(line["id"])
    for name in ("id", "source", "pair", "split"):
        if name in line and not isinstance(line[name], str):
            expected = "a string or an integer" if name == "id" else "a string"
            raise SteeringError(FILE, f"{place}: '{name}' is {line[name]!r}, expected {expected}")
    if not line["id"]:
        raise SteeringError(FILE, f"{place}: 'id' is empty, expected a name")
    rows = line.get("rows", 0)
    if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
        raise SteeringError(FILE, f"{place}: 'rows' is {rows!r}, expected an integer of 0 or more")
    labels = line.get("labels", {})
    if not isinstance(labels, dict):
        raise SteeringError(
            FILE, f"{place}: 'labels' is {labels!r}, expected names with true or false"
        )
    for name, value in labels.items():
        if not isinstance(value, bool):
            raise SteeringError(
                FILE, f"{place}: 'labels.{name}' is {value!r}, expected true or false"
            )


def _counts(value: Any) -> tuple[int, int]:
    """Values of every kind, containers included and keys not, and the objects among them."""
    if not isinstance(value, (dict, list)):
        return 1, 0
    values, objects = 1, int(isinstance(value, dict))
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, (dict, list)):
            more = _counts(one)
            values, objects = values + more[0], objects + more[1]
        else:
            values += 1
    return values, objects


def _integers(values: Any, place: str, name: str) -> np.ndarray:
    """As integers of 32 bits, none below 0."""
    found = np.asarray(values)
    if found.dtype.kind not in "iub" or found.ndim != 1:
        raise SteeringError(
            FILE, f"{place}: '{name}' holds no integers alone, expected one per row"
        )
    if len(found) and not (0 <= int(found.min()) and int(found.max()) < 2**31):
        bad = int(found.min()) if found.min() < 0 else int(found.max())
        raise SteeringError(FILE, f"{place}: '{name}' holds {bad}, expected 0 to {2**31 - 1}")
    return found.astype(np.int64)
